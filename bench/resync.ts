/**
 * Claim: a resync that finds nothing to change takes ≤ 1.3 times a raw dump of the same flows, request to last part.
 * Neighbours: raw.ts dumps without looking at what comes. Checked in every run: all flows were read and none was sent.
 */
import { Batch } from '../src/openflow/index.js';
import { Connected } from './connected.js';
import type { BenchOptions, Outcome } from './index.js';
import { interleave, ratio, speedRatio, spread, table, thousands } from './measure.js';
import { compileAll, worldWith } from './objects.js';
import { dumpOnce, greet } from './raw.js';
import { BenchSwitch } from './switch.js';

const goal = 1.3;

export async function resync(options: BenchOptions): Promise<Outcome> {
  const { world } = worldWith(options.flows ?? 100_000);
  const batch = new Batch();
  const bytes = compileAll(batch, world);
  const count = batch.flowCount;
  const bench = await BenchSwitch.start();
  try {
    const connected = await Connected.to(bench.remote);
    const socket = await greet(bench.remote);
    try {
      await connected.commit(bytes, { full: true });
      await connected.watched();
      await bench.expectFlows(count);
      const seconds = await interleave(
        {
          dump: () => dumpOnce(socket),
          resync: async () => {
            const begun = performance.now();
            const { flowsRead, sent } = await connected.resync();
            const taken = (performance.now() - begun) / 1000;
            if (flowsRead !== count || sent !== 0) throw new Error(`${flowsRead} flows read, ${sent} sent`);
            return taken;
          },
        },
        options.runs,
      );
      const times = speedRatio(seconds.resync, seconds.dump);
      const ms = (all: readonly number[]) => spread(all.map((one) => one * 1000));
      console.log(
        table([
          [`${thousands(count)} flows`, 'ms', 'times raw'],
          ['raw dump', ms(seconds.dump), '1'],
          ['resync, 0 sent', ms(seconds.resync), ratio(times)],
        ]),
      );
      return { claim: `a resync without a change in ≤ ${goal} of the raw dump`, holds: times.median <= goal };
    } finally {
      socket.destroy();
      await connected.engine.close();
    }
  } finally {
    await bench.stop();
  }
}
