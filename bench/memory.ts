/**
 * Claim: 1,000,000 flows of policy rules take ≤ 300 bytes each, JavaScript and C++ together, as growth of the resident set.
 * Neighbours: memory-child.ts is the process that is weighed. Checked there: the switch has confirmed every flow.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Outcome } from './index.js';
import { table, thousands } from './measure.js';
import { BenchSwitch } from './switch.js';

const goal = 300;

type Weights = Readonly<Record<'flows' | 'before' | 'model' | 'after' | 'memoryBytes', number>>;

export async function memory(options: BenchOptions): Promise<Outcome> {
  const bench = await BenchSwitch.start();
  try {
    const found = await weighed(bench.remote, options.flows ?? 1_000_000);
    await bench.expectFlows(found.flows);
    const each = (bytes: number) => (bytes / found.flows).toFixed(0);
    const all = (found.after - found.before) / found.flows;
    console.log(
      table([
        [`${thousands(found.flows)} flows, n 1`, 'bytes a flow'],
        ['growth of the resident set', all.toFixed(0)],
        ['of which the model, after it was judged', each(found.model - found.before)],
        ['of which compiling and confirming', each(found.after - found.model)],
        ['the store by its own account', each(found.memoryBytes)],
      ]),
    );
    return { claim: `≤ ${goal} bytes a flow`, holds: all <= goal };
  } finally {
    await bench.stop();
  }
}

async function weighed(remote: string, flows: number): Promise<Weights> {
  const script = fileURLToPath(new URL('./memory-child.ts', import.meta.url));
  const child = fork(script, [remote, String(flows)], { execArgv: [...process.execArgv, '--expose-gc'] });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the weighed process ended with ${String(code)}`);
  });
  const [said]: Weights[] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => undefined);
  if (said === undefined) throw new Error('the weighed process said nothing');
  return said;
}
