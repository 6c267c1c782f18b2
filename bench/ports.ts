/**
 * Claim: with 1,000 ports the engine is ≥ 6 times as fast as `ovs-ofctl --bundle add-flows`; with 100 real veth ports on the
 * userspace datapath ≥ 2.5 times as fast as one connection can be (the raw replay of the same bytes over one).
 * Also told: what the raw replay reaches over as many connections as the engine has, in bundles of the same size.
 * Neighbours: engine.ts for few ports. The second half needs root and is said to be left out without.
 * Checked in every run: all flows are in the switch. With 1,000 ports a run is 50,000 flows: one connection is that slow.
 */
import { throughEngine } from './engine.js';
import { batchOf } from './flow-sets.js';
import type { BenchOptions, Outcome } from './index.js';
import { interleave, rates, ratio, type Sample, speedRatio, spread, table, thousands } from './measure.js';
import { encodeReplay, replay, replayTogether, withoutMarkers } from './raw.js';
import { BenchSwitch } from './switch.js';

const [goalOfctl, goalSingle] = [6, 2.5];

export async function ports(options: BenchOptions): Promise<Outcome> {
  const many = await measure(
    { ports: 1000, datapath: 'dummy', lanes: 32, bundle: 125 },
    options.flows ?? 50_000,
    options.runs,
  );
  const claim = `≥ ${goalOfctl} times ovs-ofctl --bundle with 1,000 ports`;
  if (process.getuid?.() !== 0) {
    console.log('the userspace datapath with veth ports is left out: it needs root');
    return { claim, holds: many.ofctl.median >= goalOfctl };
  }
  const real = await measure(
    { ports: 100, datapath: 'netdev', lanes: 8, bundle: 500 },
    options.flows ?? 100_000,
    options.runs,
  );
  return {
    claim: `${claim}; ≥ ${goalSingle} times one connection with 100 veth ports`,
    holds: many.ofctl.median >= goalOfctl && real.single.median >= goalSingle,
  };
}

interface Setting {
  readonly ports: number;
  readonly datapath: 'dummy' | 'netdev';
  /** As the engine chooses them (native/core/engine/bulk_lanes.h). */
  readonly lanes: number;
  readonly bundle: number;
}

interface Found {
  readonly single: Sample;
  readonly ofctl: Sample;
}

async function measure(where: Setting, count: number, runs: number): Promise<Found> {
  const bench = await BenchSwitch.start(where);
  try {
    const bytes = batchOf('tunnel', count);
    const messages = withoutMarkers(bytes);
    const floor = encodeReplay(messages);
    const { lanes: connections, bundle } = where;
    const cpu: Record<string, number[]> = {};
    const run = async (name: string, variant: () => Promise<number>) => {
      await bench.empty();
      const before = bench.cpuSeconds();
      const seconds = await variant();
      (cpu[name] ??= []).push(((bench.cpuSeconds() - before) * 1e6) / count);
      await bench.expectFlows(count);
      return seconds;
    };
    const cpuOf = (name: string) => spread(cpu[name] ?? []);
    await run('sluice', () => throughEngine(bench.remote, bytes, where.lanes));
    const text = await bench.dump();
    const seconds = await interleave(
      {
        single: () => run('raw', () => replay(bench.remote, floor)),
        together: () => run('together', () => replayTogether(bench.remote, messages, { connections, bundle })),
        sluice: () => run('sluice', () => throughEngine(bench.remote, bytes, where.lanes)),
        ofctl: () => run('ofctl', () => bench.ofctlAddFlows(text)),
      },
      runs,
    );
    const found = {
      single: speedRatio(seconds.single, seconds.sluice),
      ofctl: speedRatio(seconds.ofctl, seconds.sluice),
    };
    console.log(
      table([
        [
          `${thousands(where.ports)} ports, ${where.datapath} datapath`,
          'flows a second',
          "sluice's speed over it",
          'vswitchd, µs CPU a flow',
        ],
        ['raw replay over one connection', rates(seconds.single, count), ratio(found.single), cpuOf('raw')],
        [
          `… over ${connections}, in bundles of ${bundle}`,
          rates(seconds.together, count),
          ratio(speedRatio(seconds.together, seconds.sluice)),
          cpuOf('together'),
        ],
        ['sluice', rates(seconds.sluice, count), '1', cpuOf('sluice')],
        ['ovs-ofctl --bundle add-flows', rates(seconds.ofctl, count), ratio(found.ofctl), cpuOf('ofctl')],
      ]),
    );
    return found;
  } finally {
    await bench.stop();
  }
}
