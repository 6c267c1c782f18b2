/** While JavaScript stands still for three seconds the switch is answered, and the commit goes on without it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Engine } from '../../src/native/index.js';
import { batchOf } from './desired.js';
import type { EchoReport } from './blocked-switch.js';

test('echoes are answered within a second and 20,000 flows go in while the JavaScript thread is blocked', async () => {
  const program = fileURLToPath(new URL('blocked-switch.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value)) as unknown;
  const engine = new Engine({ onEvent: () => {} });
  try {
    engine.connect((await said()) as string);
    await engine.commit(batchOf({ owners: 1 }), { full: true });
    const pending = engine.commit(batchOf({ owners: 20_000 }));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
    // Asked before the event loop turns: what follows was done without it.
    child.stdin.write('report\n');
    const report = (await said()) as EchoReport;
    expect(report.answered).toBeGreaterThan(20);
    expect(report.slowestMs).toBeLessThan(1_000);
    expect(report.flows).toBe(20_000);
    expect(await pending).toMatchObject({ added: 19_999, quarantined: [] });
  } finally {
    await engine.close();
    child.stdin.end();
    await once(child, 'exit');
  }
});
