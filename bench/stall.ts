/**
 * Claim: while the engine installs 100,000 flows, no echo on another connection waits longer than 10 ms; 60 at 1,000,000.
 * Neighbours: stall-probe.ts asks; the raw replay of the same bytes and an idle switch for comparison, in turns.
 * Checked in every run: all flows are in the switch.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Batch } from '../src/openflow/index.js';
import { Connected } from './connected.js';
import type { BenchOptions, Outcome } from './index.js';
import { interleave, sample, spread, table, thousands } from './measure.js';
import { compileAll, worldWith } from './objects.js';
import { encodeReplay, replay, withoutMarkers } from './raw.js';
import { BenchSwitch } from './switch.js';

const million = 1_000_000;

export async function stall(options: BenchOptions): Promise<Outcome> {
  const { world } = worldWith(options.flows ?? 100_000);
  const batch = new Batch();
  const bytes = compileAll(batch, world);
  const count = batch.flowCount;
  const encoded = encodeReplay(withoutMarkers(bytes));
  const bench = await BenchSwitch.start();
  const during = async (work: () => Promise<unknown>) => {
    await bench.fresh();
    return longestMs(bench.remote, work);
  };
  try {
    const ms = await interleave(
      {
        idle: () => during(() => pause(300)),
        raw: async () => {
          const longest = await during(() => replay(bench.remote, encoded));
          await bench.expectFlows(count);
          return longest;
        },
        sluice: async () => {
          let connected: Connected | undefined;
          try {
            const longest = await during(async () => {
              connected = await Connected.to(bench.remote);
              await connected.commit(bytes, { full: true });
            });
            await bench.expectFlows(count);
            return longest;
          } finally {
            await connected?.engine.close();
          }
        },
      },
      options.runs,
    );
    console.log(
      table([
        [`longest echo, ${thousands(count)} flows`, 'ms'],
        ['nothing to do', spread(ms.idle)],
        ['raw replay in bundles of 1,000', spread(ms.raw)],
        ['sluice', spread(ms.sluice)],
      ]),
    );
    const goalMs = count >= 0.99 * million ? 60 : 10;
    return { claim: `no echo waits longer than ${goalMs} ms (median run)`, holds: sample(ms.sluice).median <= goalMs };
  } finally {
    await bench.stop();
  }
}

async function longestMs(remote: string, work: () => Promise<unknown>): Promise<number> {
  const probe = fork(fileURLToPath(new URL('./stall-probe.ts', import.meta.url)), [remote]);
  try {
    await once(probe, 'message');
    await work();
    const said = once(probe, 'message');
    probe.send('stop');
    return Number((await said)[0]);
  } finally {
    probe.kill();
  }
}
