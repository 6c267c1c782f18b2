/**
 * Claim: while 1,000,000 flows from objects go into the switch, the event loop is late by less than 10 ms in 99 of 100 looks;
 * and from a batch of as many flows to its confirmation the main thread takes ≤ 0.5 µs of processor time a flow.
 * Neighbours: src/datapath/round-commit.ts is what is measured, as in bulk.ts. Checked: all flows are in the switch.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Batch } from '../src/openflow/index.js';
import { Connected } from './connected.js';
import { daemonLike, dirtyOf } from './daemon-like.js';
import type { BenchOptions, Outcome } from './index.js';
import { spread, table, thousands } from './measure.js';
import { compileAll, worldWith } from './objects.js';
import { BenchSwitch } from './switch.js';

const goalMs = 10;
const goalUs = 0.5;

interface Delay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export async function loop(options: BenchOptions): Promise<Outcome> {
  const { world } = worldWith(options.flows ?? 1_000_000);
  const batch = new Batch();
  compileAll(batch, world);
  const count = batch.flowCount;
  const bytes = batch.bytes();
  const bench = await BenchSwitch.start();
  const delays: Delay[] = [];
  const cpuUs: number[] = [];
  try {
    for (let run = 0; run < options.runs; run++) {
      await bench.fresh();
      const daemon = await daemonLike(bench.remote);
      try {
        delays.push(await delayedBy(() => daemon.commit.some(world, dirtyOf(world), 'auto')));
        await bench.expectFlows(count);
      } finally {
        await daemon.close();
      }
      await bench.fresh();
      const connected = await Connected.to(bench.remote);
      try {
        const before = mainThreadUs();
        await connected.commit(bytes, { full: true });
        cpuUs.push((mainThreadUs() - before) / count);
        await bench.expectFlows(count);
      } finally {
        await connected.engine.close();
      }
    }
  } finally {
    await bench.stop();
  }
  const worst = (of: keyof Delay) => Math.max(...delays.map((one) => one[of]));
  console.log(
    table([
      [`${thousands(count)} flows`, ''],
      ['event loop late by, ms p50', spread(delays.map(({ p50 }) => p50))],
      ['… p99', spread(delays.map(({ p99 }) => p99))],
      ['… longest', spread(delays.map(({ max }) => max))],
      ['main thread, µs CPU a flow from batch to confirmation', spread(cpuUs, 2)],
    ]),
  );
  return {
    claim: `event loop late by < ${goalMs} ms (p99), main thread ≤ ${goalUs} µs of processor time a flow`,
    holds: worst('p99') < goalMs && Math.max(...cpuUs) <= goalUs,
  };
}

async function delayedBy(work: () => Promise<unknown>): Promise<Delay> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await work();
  histogram.disable();
  const ms = (ns: number) => Math.max(0, ns / 1e6 - 1); // it counts from when it was last due
  return { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) };
}

/** Processor time of this thread alone, which the engine's own thread has no part in. */
function mainThreadUs(): number {
  const [ns] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(ns) / 1000;
}
