/**
 * Claim: one changed owner is confirmed within 8 ms (p99) while a load of 300,000 flows is under way on the same switch.
 * Neighbours: latency.ts measures the same on a switch that is at rest. Small changes use the main connection, loads their
 * own lanes. Checked: every small change sent exactly its one flow, and all flows are there at the end.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Connected } from './connected.js';
import { batchOf, ownerOf } from './flow-sets.js';
import type { BenchOptions, Outcome } from './index.js';
import { micros, quantile, table, thousands } from './measure.js';
import { BenchSwitch } from './switch.js';

const goalMs = 8;
const everyMs = 2;
const small = 1_000_000; // the number of an owner that no load has

export async function beside(options: BenchOptions): Promise<Outcome> {
  const count = options.flows ?? 300_000;
  const load = batchOf('tunnel', count);
  const changes = [1, 2].map((variant) => ownerOf('tunnel', small, variant));
  const bench = await BenchSwitch.start();
  const us: number[] = [];
  const loads: number[] = [];
  try {
    for (let run = 0; run < options.runs; run++) {
      await bench.fresh();
      const connected = await Connected.to(bench.remote);
      try {
        await connected.lanes(1);
        await connected.commit(changes[0] ?? load, { full: true });
        const way = { under: true };
        const begun = performance.now();
        const loaded = connected.commit(load).then(() => (way.under = false));
        for (let i = 1; way.under; i++) {
          const asked = performance.now();
          const { messages, modified } = await connected.commit(changes[i % 2] ?? load);
          const taken = (performance.now() - asked) * 1000;
          if (modified !== 1 || messages === 0) throw new Error(`${modified} flows modified`);
          us.push(taken);
          await pause(everyMs);
        }
        await loaded;
        loads.push((performance.now() - begun) / 1000);
        await bench.expectFlows(count + 11);
      } finally {
        await connected.engine.close();
      }
    }
  } finally {
    await bench.stop();
  }
  const p99 = quantile(us, 0.99) / 1000;
  console.log(
    table([
      [`one owner, ${thousands(count)} flows on their way`, 'µs'],
      ['commit', micros(us)],
    ]),
  );
  console.log(`the loads took ${loads.map((seconds) => seconds.toFixed(1)).join(', ')} s meanwhile`);
  return { claim: `p99 ≤ ${goalMs} ms beside a load of ${thousands(count)} flows`, holds: p99 <= goalMs };
}
