/**
 * Claim: one changed owner among 100,000 flows is confirmed at p50 ≤ 2 and p99 ≤ 3 times the raw round trip of the same
 * bundle (OPEN, ADD and COMMIT in one write), both from Node and in turns.
 * Checked: the engine sends exactly the flows that differ, as many as the raw bundle holds, and the table keeps its size.
 */
import { Batch } from '../src/openflow/index.js';
import { compileObject } from '../src/pipeline/compile.js';
import type { World } from '../src/pipeline/world.js';
import { Connected } from './connected.js';
import type { BenchOptions, Outcome } from './index.js';
import { micros, quantile, table, thousands } from './measure.js';
import { accept, compileAll, endpointObject, worldOf, worldWith } from './objects.js';
import { commitOnce, encodeReplay, greet, withoutMarkers } from './raw.js';
import { BenchSwitch } from './switch.js';

const [goalMedian, goalP99] = [2, 3];
const rounds = 1000;
const warmUp = 100;

export async function latency(options: BenchOptions): Promise<Outcome> {
  const { world } = worldWith(options.flows ?? 100_000);
  const batch = new Batch();
  const all = compileAll(batch, world).slice();
  const count = batch.flowCount;
  // The engine changes one endpoint and the raw bundle another, so that neither meets what the other left.
  const own = [changed(world, 1, 'group1'), changed(world, 1, 'group2')] as const;
  const others = [changed(world, 2, 'group1'), changed(world, 2, 'group2')] as const;
  const raw = [differing(others[0], others[1]), differing(others[1], others[0])].map((one) => encodeReplay(one));
  const flows = differing(own[0], own[1]).length;
  const bench = await BenchSwitch.start();
  try {
    const connected = await Connected.to(bench.remote);
    // On its own bridge the engine would put right what the raw bundle changes.
    const beside = await bench.beside('br1');
    const filler = await Connected.to(beside);
    await filler.commit(all, { full: true });
    await filler.engine.close();
    const socket = await greet(beside);
    const us = { raw: [] as number[], sluice: [] as number[] };
    try {
      await connected.commit(all, { full: true });
      await connected.watched();
      await connected.commit(own[1]);
      for (let round = 0; round < rounds + warmUp; round++) {
        const side = round % 2 === 0 ? 0 : 1;
        const encoded = raw[side];
        if (encoded === undefined) break;
        const rawUs = (await commitOnce(socket, encoded)) * 1e6;
        const begun = performance.now();
        const { messages } = await connected.commit(own[side]);
        const ownUs = (performance.now() - begun) * 1000;
        if (messages !== flows) throw new Error(`${messages} messages sent for ${flows} changed flows`);
        if (round < warmUp) continue;
        us.raw.push(rawUs);
        us.sluice.push(ownUs);
      }
      await bench.expectFlows(count);
    } finally {
      socket.destroy();
      await connected.engine.close();
    }
    const times = (share: number) => quantile(us.sluice, share) / quantile(us.raw, share);
    console.log(
      table([
        [`${flows} flows of one owner, ${thousands(count)} in the table`, 'µs', 'p50', 'p99'],
        ['raw round trip', micros(us.raw), '1', '1'],
        ['commit', micros(us.sluice), times(0.5).toFixed(2), times(0.99).toFixed(2)],
      ]),
    );
    return {
      claim: `one changed owner confirmed at p50 ≤ ${goalMedian} and p99 ≤ ${goalP99} times the raw round trip`,
      holds: times(0.5) <= goalMedian && times(0.99) <= goalP99,
    };
  } finally {
    await bench.stop();
  }
}

/** The batch of one endpoint after it moved to a group. */
function changed(world: World, e: number, group: string): Uint8Array {
  const { state } = accept(world.state, [endpointObject(e, group, { vtepIp: '172.31.0.11' })]);
  const object = state.endpoints.get(`e${e}`);
  if (object === undefined) throw new Error('no such endpoint');
  const batch = new Batch();
  compileObject(batch, worldOf(state), object);
  return batch.bytes().slice();
}

/** The messages of `now` that are not in `before`. */
function differing(now: Uint8Array, before: Uint8Array): Uint8Array[] {
  const old = new Set(withoutMarkers(before).map((one) => Buffer.from(one).toString('base64')));
  return withoutMarkers(now).filter((one) => !old.has(Buffer.from(one).toString('base64')));
}
