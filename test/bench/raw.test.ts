/** The floor of the benchmarks does what it says: every message arrives, and a refused one is not timed as a success. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { interleave, sample, speedRatio } from '../../bench/measure.js';
import { messagesIn, replayMessages, withoutMarkers } from '../../bench/raw.js';
import { BenchSwitch } from '../../bench/switch.js';

let bench: BenchSwitch;
beforeAll(async () => {
  bench = await BenchSwitch.start();
});
afterAll(() => bench?.stop());

/** OFPT_FLOW_MOD ADD without match and instructions (OpenFlow 1.5.1 §7.3.4.2): `table=T, priority=P actions=drop`. */
function dropFlow(table: number, priority: number): Uint8Array {
  const message = Buffer.alloc(56);
  message.set([6, 14, 0, 56]);
  message[24] = table;
  message.writeUInt16BE(priority, 30);
  message.writeUInt32BE(0xffffffff, 32); // OFP_NO_BUFFER
  message.writeUInt32BE(0xffffffff, 36); // OFPP_ANY
  message.writeUInt32BE(0xffffffff, 40); // OFPG_ANY
  message.set([0, 1, 0, 4], 48); // an empty OXM match
  return message;
}

const flows = (count: number) => Array.from({ length: count }, (_, i) => dropFlow(i % 7, 1 + Math.floor(i / 7)));

test.each([{ bundle: 0 }, { bundle: 1000 }, { bundle: 3333 }, { bundle: 100_000 }])(
  '$bundle a bundle',
  async (options) => {
    await bench.fresh();
    const seconds = await replayMessages(bench.remote, flows(10_000), options);
    await bench.expectFlows(10_000);
    expect(seconds).toBeGreaterThan(0);
  },
);

test('what the switch refuses fails the run', async () => {
  const bad = dropFlow(1, 1);
  bad[25] = 77; // no such command
  await expect(replayMessages(bench.remote, [dropFlow(0, 1), bad])).rejects.toThrow(/type 5 code/);
});

test('the same flows by ovs-ofctl give the same table', async () => {
  await bench.fresh();
  await replayMessages(bench.remote, flows(500));
  const text = await bench.dump();
  await bench.fresh();
  await bench.ofctlAddFlows(text);
  expect(await bench.dump()).toBe(text);
});

test('markers are left out, messages are not', () => {
  const marker = Uint8Array.from([0, 1, 0, 16, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 9]);
  const batch = Buffer.concat([marker, dropFlow(0, 1), marker, marker, dropFlow(0, 2)]);
  expect(withoutMarkers(batch)).toHaveLength(2);
  expect([...messagesIn(batch)]).toHaveLength(5);
  expect(() => [...messagesIn(batch.subarray(0, 20))]).toThrow(/at offset 16/);
});

test('medians, ratios within a round, and turns', async () => {
  expect(sample([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, n: 3 });
  expect(sample([4, 1, 2, 3]).median).toBe(2.5);
  expect(speedRatio([2, 4], [1, 8])).toMatchObject({ median: 1.25, min: 0.5, max: 2 });
  const order: string[] = [];
  const turn = (name: string) => async () => order.push(name);
  const seconds = await interleave({ a: turn('a'), b: turn('b') }, 3);
  expect(order.join('')).toBe('abbaab');
  expect(seconds).toEqual({ a: [1, 4, 5], b: [2, 3, 6] });
});
