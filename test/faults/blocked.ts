/**
 * The JavaScript thread stands still for some time while the switch asks for echoes and a load is under way.
 * Neighbours: blocked-switch.ts is the switch, in a process of its own; blocked.test.ts and blocked.long.test.ts say for how long.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { Engine, type EngineEvent } from '../../src/native/index.js';
import { batchOf } from './desired.js';
import type { EchoReport } from './blocked-switch.js';

/** Nobody hangs up, echoes are answered within a second, and 20,000 flows go in meanwhile. */
export async function expectAliveWhileBlocked(ms: number): Promise<void> {
  const program = fileURLToPath(new URL('blocked-switch.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value)) as unknown;
  const events: EngineEvent[] = [];
  const engine = new Engine({ onEvent: (event) => events.push(event) });
  try {
    engine.connect((await said()) as string);
    await engine.commit(batchOf({ owners: 1 }), { full: true });
    const pending = engine.commit(batchOf({ owners: 20_000 }));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    // Asked before the event loop turns: what follows was done without it.
    child.stdin.write('report\n');
    const report = (await said()) as EchoReport;
    expect(report.answered).toBeGreaterThan(ms / 150); // one is asked every 50 ms
    expect(report.slowestMs).toBeLessThan(1_000);
    expect(report.flows).toBe(20_000);
    expect(await pending).toMatchObject({ added: 19_999, quarantined: [] });
    expect(events.filter(({ type }) => type === 'down')).toEqual([]);
  } finally {
    await engine.close();
    child.stdin.end();
    await once(child, 'exit');
  }
}
