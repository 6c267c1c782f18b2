/**
 * Claim: while the engine installs 100,000 flows, no echo on another connection waits longer than 10 ms; 60 at 1,000,000.
 * While it reads them back, no longer than 1.3 ms for each 1,000 flows of the largest table: vswitchd answers for a table in
 * one go. Neighbours: stall-probe.ts asks; the raw replay of the same bytes, a raw dump and an idle switch for comparison.
 * Checked in every run: all flows are in the switch, and all were read.
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
import { dumpOnce, encodeReplay, greet, replay, withoutMarkers } from './raw.js';
import { BenchSwitch } from './switch.js';

const million = 1_000_000;
const goalMsPerThousand = 1.3;
const tableAt = 24; // of ofp_flow_mod

export async function stall(options: BenchOptions): Promise<Outcome> {
  const { world } = worldWith(options.flows ?? 100_000);
  const batch = new Batch();
  const bytes = compileAll(batch, world);
  const count = batch.flowCount;
  const messages = withoutMarkers(bytes);
  const encoded = encodeReplay(messages);
  const largest = flowsOfLargestTable(messages);
  const readBack: Record<'raw' | 'sluice', number[]> = { raw: [], sluice: [] };
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
            if (connected !== undefined) readBack.sluice.push(await whileReading(bench.remote, connected, count));
            readBack.raw.push(await whileDumping(bench.remote));
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
        [`raw dump of everything, ${thousands(largest)} flows in the largest table`, spread(readBack.raw)],
        ['sluice reads everything back', spread(readBack.sluice)],
      ]),
    );
    const goalMs = count >= 0.99 * million ? 60 : 10;
    const perThousand = sample(readBack.sluice).median / (largest / 1000);
    console.log(`read back: ${perThousand.toFixed(2)} ms for each 1,000 flows of the largest table`);
    return {
      claim: `no echo waits longer than ${goalMs} ms (median run), nor in a read-back than ${goalMsPerThousand} ms for each 1,000 flows of the largest table`,
      holds: sample(ms.sluice).median <= goalMs && perThousand <= goalMsPerThousand,
    };
  } finally {
    await bench.stop();
  }
}

function flowsOfLargestTable(messages: readonly Uint8Array[]): number {
  const flowMod = 14;
  const counts = new Map<number, number>();
  for (const message of messages) {
    const number = message[tableAt] ?? 0;
    if (message[1] === flowMod) counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}

async function whileReading(remote: string, connected: Connected, count: number): Promise<number> {
  return longestMs(remote, async () => {
    const { flowsRead, sent } = await connected.resync();
    if (flowsRead !== count || sent !== 0) throw new Error(`${flowsRead} flows read, ${sent} sent`);
  });
}

async function whileDumping(remote: string): Promise<number> {
  const socket = await greet(remote);
  try {
    return await longestMs(remote, () => dumpOnce(socket));
  } finally {
    socket.destroy();
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
