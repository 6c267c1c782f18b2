/**
 * Claim: while 1,000,000 flows go into the switch through the engine, vswitchd has at its peak ≤ 1.1 times the memory that it
 * has when the same flows come as plain flow mods, each in a new process. Neighbours: stall.ts watches the switch's time.
 * Bundles are what could cost more: vswitchd keeps a copy of every message until it has committed.
 * Checked in every run: all flows are in the switch.
 */
import { Connected } from './connected.js';
import { batchOf, type FlowSet, flowSets } from './flow-sets.js';
import type { BenchOptions, Outcome } from './index.js';
import { ratio, type Sample, sample, spread, table, thousands } from './measure.js';
import { encodeReplay, replay, withoutMarkers } from './raw.js';
import { BenchSwitch } from './switch.js';

const goal = 1.1;

export async function peak(options: BenchOptions): Promise<Outcome> {
  const count = options.flows ?? 1_000_000;
  const bench = await BenchSwitch.start();
  const found: Sample[] = [];
  const rows: string[][] = [];
  try {
    for (const set of flowSets) {
      const { plain, sluice } = await peaks(bench, set, count, options.runs);
      const times = sample(sluice.map((one, run) => one / (plain[run] ?? NaN)));
      found.push(times);
      rows.push([set, spread(plain, 0), spread(sluice, 0), ratio(times)]);
    }
  } finally {
    await bench.stop();
  }
  const head = [`${thousands(count)} flows: vswitchd's peak, MB`, 'plain flow mods', 'sluice', 'times plain'];
  console.log(table([head, ...rows]));
  return {
    claim: `vswitchd's peak memory ≤ ${goal} times that of plain flow mods, each set`,
    holds: found.every(({ median }) => median <= goal),
  };
}

async function peaks(
  bench: BenchSwitch,
  set: FlowSet,
  count: number,
  runs: number,
): Promise<{ plain: number[]; sluice: number[] }> {
  const bytes = batchOf(set, count);
  const plainMods = encodeReplay(withoutMarkers(bytes), 0);
  const during = async (work: () => Promise<unknown>) => {
    await bench.fresh();
    await work();
    await bench.expectFlows(count);
    return bench.peakBytes() / 1e6;
  };
  const found: { plain: number[]; sluice: number[] } = { plain: [], sluice: [] };
  for (let run = 0; run < runs; run++) {
    found.plain.push(await during(() => replay(bench.remote, plainMods)));
    found.sluice.push(
      await during(async () => {
        const connected = await Connected.to(bench.remote);
        try {
          await connected.lanes(1);
          await connected.commit(bytes, { full: true });
        } finally {
          await connected.engine.close();
        }
      }),
    );
  }
  return found;
}
