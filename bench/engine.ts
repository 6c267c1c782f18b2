/**
 * Claim: the engine has 100,000 flows of each set confirmed at ≥ 0.95 of the speed of a raw replay of the same bytes in the
 * same mode, and at ≥ 2.1 times that of `ovs-ofctl --bundle add-flows` (≥ 1.9 at 1,000,000).
 * Neighbours: flow-sets.ts makes the bytes, raw.ts is the floor; bulk.ts begins with objects instead.
 * Checked before it is timed: all three leave the same flows in the switch, byte for byte of the dump.
 */
import { Connected } from './connected.js';
import { batchOf, type FlowSet, flowSets } from './flow-sets.js';
import type { BenchOptions, Outcome } from './index.js';
import { interleave, rates, ratio, type Sample, speedRatio, spread, table, thousands } from './measure.js';
import { encodeReplay, replay, withoutMarkers } from './raw.js';
import { BenchSwitch, sameFlows } from './switch.js';

const goalRaw = 0.95;
const million = 1_000_000;

interface Found {
  readonly raw: Sample;
  readonly ofctl: Sample;
}

export async function engine(options: BenchOptions): Promise<Outcome> {
  const count = options.flows ?? 100_000;
  const goalOfctl = count >= million ? 1.9 : 2.1;
  const found: Found[] = [];
  for (const set of flowSets) found.push(await measure(set, count, options.runs));
  return {
    claim: `${thousands(count)} flows at ≥ ${goalRaw} of the raw replay and ≥ ${goalOfctl} times ovs-ofctl --bundle, each set`,
    holds: found.every(({ raw, ofctl }) => raw.median >= goalRaw && ofctl.median >= goalOfctl),
  };
}

async function measure(set: FlowSet, count: number, runs: number): Promise<Found> {
  const bench = await BenchSwitch.start();
  try {
    const bytes = batchOf(set, count);
    const floor = encodeReplay(withoutMarkers(bytes));
    const cpu: Record<string, number[]> = {};
    const run = async (name: string, variant: () => Promise<number>) => {
      await bench.fresh();
      const before = bench.cpuSeconds();
      const seconds = await variant();
      (cpu[name] ??= []).push(((bench.cpuSeconds() - before) * 1e6) / count);
      await bench.expectFlows(count);
      return seconds;
    };
    const cpuOf = (name: string) => spread(cpu[name] ?? []);
    const sluice = () => run('sluice', () => throughEngine(bench.remote, bytes));
    const raw = () => run('raw', () => replay(bench.remote, floor));
    await sluice();
    const text = await bench.dump();
    await raw();
    if (!sameFlows(await bench.dump(), text)) throw new Error('the engine and the raw replay left different flows');
    const ofctl = () => run('ofctl', () => bench.ofctlAddFlows(text));
    const seconds = await interleave({ raw, sluice, ofctl }, runs);
    const found = {
      raw: speedRatio(seconds.raw, seconds.sluice),
      ofctl: speedRatio(seconds.ofctl, seconds.sluice),
    };
    console.log(
      table([
        [
          `${set}, ${Math.round(bytes.length / count)} bytes a flow`,
          'flows a second',
          "sluice's speed over it",
          'vswitchd, µs CPU a flow',
        ],
        ['raw replay of the same bytes', rates(seconds.raw, count), ratio(found.raw), cpuOf('raw')],
        ['sluice', rates(seconds.sluice, count), '1', cpuOf('sluice')],
        ['ovs-ofctl --bundle add-flows', rates(seconds.ofctl, count), ratio(found.ofctl), cpuOf('ofctl')],
      ]),
    );
    return found;
  } finally {
    await bench.stop();
  }
}

/** From the batch to its confirmation, over connections that stand. */
export async function throughEngine(remote: string, bytes: Uint8Array, lanes = 1): Promise<number> {
  const connected = await Connected.to(remote);
  try {
    await connected.lanes(lanes);
    const begun = performance.now();
    await connected.commit(bytes, { full: true });
    return (performance.now() - begun) / 1000;
  } finally {
    await connected.engine.close();
  }
}
