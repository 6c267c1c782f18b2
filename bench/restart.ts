/**
 * Claim: after `kill -9` of vswitchd all 100,000 flows are confirmed again within 1.5 times its restart and a raw replay
 * together, in turns. Neighbours: raw.ts is the floor. Checked in every run: the switch has all flows, and after a
 * connection that was merely lost nothing is sent.
 */
import { Connected } from './connected.js';
import { batchOf } from './flow-sets.js';
import type { BenchOptions, Outcome } from './index.js';
import { interleave, ratio, speedRatio, spread, table, thousands } from './measure.js';
import { encodeReplay, replay, withoutMarkers } from './raw.js';
import { BenchSwitch } from './switch.js';

const goal = 1.5;

export async function restart(options: BenchOptions): Promise<Outcome> {
  const count = options.flows ?? 100_000;
  const bytes = batchOf('policy', count);
  const floor = encodeReplay(withoutMarkers(bytes));
  const bench = await BenchSwitch.start();
  try {
    const seconds = await interleave(
      {
        floor: async () => {
          await bench.sandbox.killVswitchd('SIGKILL');
          const begun = performance.now();
          await bench.sandbox.startVswitchd();
          await replay(bench.remote, floor);
          const taken = (performance.now() - begun) / 1000;
          await bench.expectFlows(count);
          return taken;
        },
        sluice: async () => {
          await bench.fresh();
          const connected = await Connected.to(bench.remote);
          try {
            await connected.commit(bytes, { full: true });
            await bench.sandbox.killVswitchd('SIGKILL');
            const begun = performance.now();
            const again = connected.confirmedAgain(count);
            await bench.sandbox.startVswitchd();
            await again;
            const taken = (performance.now() - begun) / 1000;
            await bench.expectFlows(count);
            const { sent } = await connected.resync();
            if (sent !== 0) throw new Error(`${sent} messages sent that were there`);
            return taken;
          } finally {
            await connected.engine.close();
          }
        },
      },
      options.runs,
    );
    const times = speedRatio(seconds.sluice, seconds.floor);
    console.log(
      table([
        [`${thousands(count)} flows`, 'seconds', 'times the floor'],
        ['restart and raw replay', spread(seconds.floor, 2), '1'],
        ['restart until sluice has all confirmed', spread(seconds.sluice, 2), ratio(times)],
      ]),
    );
    return { claim: `all confirmed within ${goal} of restart and raw replay`, holds: times.median <= goal };
  } finally {
    await bench.stop();
  }
}
