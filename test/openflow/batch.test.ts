// The batch: owner markers, cookies, growth, and that a refused flow leaves no trace.
// Neighbours: src/openflow/batch.ts; native/core reads these bytes.
// Invariant: the marker's layout is pinned here, because C++ parses it.

import { describe, expect, test } from 'vitest';
import {
  a,
  Batch,
  cookieOwner,
  flowCookie,
  formatFlow,
  messages,
  ownerCookie,
  parseFlow,
} from '../../src/openflow/index.js';
import { hex } from './support/switch.js';

const endpoint = 7 * 2 ** 32 + 0x89abcdef;
const system = 2 ** 32;

const add = (batch: Batch, count: number) => {
  for (let i = 0; i < count; i++) batch.add`priority=${i + 1}, in_port=${i + 1}, actions=output:${i + 2}`;
};

describe('an owner', () => {
  test('is a marker of 16 bytes before what it wants', () => {
    const batch = new Batch();
    batch.owner(endpoint);
    expect(hex(batch.bytes())).toBe('0001001000000000 0000000789abcdef');
  });

  test('is in the cookie of its flows', () => {
    const batch = new Batch();
    batch.owner(endpoint).add`actions=drop`;
    batch.owner(system).add`actions=drop`;
    const [, first, , second] = [...messages(batch.bytes())];
    expect(flowCookie(first!)).toBe(0x0789abcdef000000n);
    expect(formatFlow(second!)).toBe('cookie=0x100000000000000, actions=drop');
    expect(cookieOwner(flowCookie(first!))).toBe(endpoint);
    expect(cookieOwner(0x0789abcdef123456n)).toBe(endpoint);
    expect(ownerCookie(endpoint)).toBe(0x0789abcdef000000n);
  });

  test('that wants nothing is a marker alone', () => {
    const batch = new Batch();
    batch.owner(endpoint);
    batch.owner(system);
    expect([...messages(batch.bytes())].map((message) => message.length)).toEqual([16, 16]);
    expect(batch.ownerCount).toBe(2);
  });

  test.each([0, 5, 2 ** 32 - 1, 2 ** 40, -1, 2 ** 32 + 0.5])('%d is not one', (key) => {
    expect(() => new Batch().owner(key)).toThrow(/owner key/);
  });
});

describe('bytes', () => {
  test('are the flows of the text, one behind the other', () => {
    const batch = new Batch();
    const flows = batch.owner(system);
    add(batch, 3);
    flows.group`group_id=${5}, type=all, bucket=actions=output:1`;
    flows.meter`meter=${6}, kbps, burst, band=type=drop, rate=${1000}, burst_size=${100}`;
    const [, ...rest] = [...messages(batch.bytes())];
    expect(rest.map((message) => message[1])).toEqual([14, 14, 14, 15, 29]);
    expect(hex(rest[1])).toBe(hex(parseFlow('cookie=0x0100000000000000,priority=2,in_port=2,actions=output:3')));
    expect([batch.flowCount, batch.groupCount, batch.meterCount, batch.byteLength]).toEqual([
      3,
      1,
      1,
      batch.bytes().length,
    ]);
  });

  test('grow beyond the first capacity, also in the middle of a list', () => {
    const [small, large] = [new Batch(64), new Batch(1 << 20)];
    for (const batch of [small, large]) {
      batch.owner(system);
      add(batch, 500);
      batch.add`actions=${Array.from({ length: 1000 }, (_, i) => a`output:${i}`)}`;
    }
    expect(Buffer.compare(small.bytes(), large.bytes())).toBe(0);
  });

  test('start anew after a reset', () => {
    const batch = new Batch();
    batch.owner(system);
    add(batch, 2);
    const before = hex(batch.bytes());
    batch.reset();
    expect([batch.byteLength, batch.flowCount, batch.ownerCount]).toEqual([0, 0, 0]);
    batch.owner(system);
    add(batch, 2);
    expect(hex(batch.bytes())).toBe(before);
  });
});

test('a batch that held a whole state gives its buffer back, and bytes handed out before stay as they are', () => {
  const batch = new Batch();
  batch.owner(system);
  add(batch, 60_000);
  const bytes = batch.bytes();
  expect(bytes.buffer.byteLength).toBeGreaterThan(4 << 20);
  const before = hex(bytes.subarray(0, 200));
  batch.reset();
  expect(batch.bytes().buffer.byteLength).toBeLessThan(1 << 20);
  batch.owner(endpoint);
  add(batch, 2);
  expect(hex(bytes.subarray(0, 200))).toBe(before);
});

describe('a flow that is refused', () => {
  test.each<[string, (batch: Batch) => void]>([
    ['for a value', (batch) => batch.add`dl_vlan=${5000}, actions=drop`],
    ['for a value behind others', (batch) => batch.add`in_port=${1}, reg0=${2}, actions=output:${-1}`],
    ['inside a list', (batch) => batch.add`actions=${[a`output:${1}`, a`output:${-5}`]}`],
    ['for its size', (batch) => batch.add`actions=${Array.from({ length: 5000 }, (_, i) => a`output:${i}`)}`],
    ['for its text', (batch) => batch.add`nonsense=${1}, actions=drop`],
  ])('%s leaves no trace', (_, refuse) => {
    const batch = new Batch(64);
    batch.owner(system);
    add(batch, 2);
    const before = hex(batch.bytes());
    expect(() => refuse(batch)).toThrow();
    expect(hex(batch.bytes())).toBe(before);
    expect(batch.flowCount).toBe(2);
    add(batch, 1);
    expect([...messages(batch.bytes())]).toHaveLength(4);
  });

  test('is refused by its size with the limit', () => {
    expect(() => new Batch().add`actions=${Array.from({ length: 5000 }, (_, i) => a`output:${i}`)}`).toThrow(
      /do not fit in one message \(limit 65511\)/,
    );
  });
});
