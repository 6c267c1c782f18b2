/** Differences of rows as update3 tells them, against what the rows must be afterwards. */
import { expect, test } from 'vitest';
import { applyDelta } from '../../src/datapath/ovsdb/delta.js';
import { lockName } from '../../src/datapath/ovsdb/lock.js';
import { Rows } from '../../src/datapath/ovsdb/rows.js';
import type { Json } from '../../src/datapath/ovsdb/values.js';

const uuid = (n: number): Json => ['uuid', `u${n}`];

test.each<[string, string, Json | undefined, Json, Json]>([
  ['an element more', 'ports', ['set', [uuid(1), uuid(2)]], uuid(3), ['set', [uuid(1), uuid(2), uuid(3)]]],
  ['an element less', 'ports', ['set', [uuid(1), uuid(2)]], uuid(2), ['set', [uuid(1)]]],
  ['one for another', 'interfaces', uuid(1), ['set', [uuid(1), uuid(2)]], ['set', [uuid(2)]]],
  ['the first of an empty set', 'controller', ['set', []], uuid(1), ['set', [uuid(1)]]],
  ['a column that was left out', 'protocols', undefined, 'OpenFlow15', ['set', ['OpenFlow15']]],
  ['a key more', 'external_ids', ['map', [['a', '1']]], ['map', [['b', '2']]], ['map', [['a', '1'], ['b', '2']]]], // prettier-ignore
  ['a key less', 'external_ids', ['map', [['a', '1']]], ['map', [['a', '1']]], ['map', []]],
  ['another value', 'options', ['map', [['dst_port', '4789']]], ['map', [['dst_port', '8472']]], ['map', [['dst_port', '8472']]]], // prettier-ignore
  ['an optional value that comes', 'ofport', ['set', []], 7, 7],
  ['an optional value that goes', 'ofport', 7, ['set', []], ['set', []]],
  ['an ofport of -1', 'ofport', 7, -1, -1],
])('%s', (_name, column, before, delta, after) => {
  expect(applyDelta(column, before, delta)).toEqual(after);
});

test('rows that come, change and go', () => {
  const rows = new Rows();
  rows.update2({ Interface: { i1: { initial: { name: 'eth1', ofport: ['set', []] } } } });
  expect(rows.iface('i1')).toMatchObject({ name: 'eth1', type: '', ofport: undefined });
  rows.update2({ Interface: { i1: { modify: { ofport: 4 } } } });
  expect(rows.iface('i1')?.ofport).toBe(4);
  rows.update2({ Interface: { i1: { modify: { ofport: -1, error: 'no such device' } } } });
  expect(rows.iface('i1')).toMatchObject({ ofport: undefined, error: 'no such device' });
  rows.update2({ Interface: { i1: { delete: null } } });
  expect(rows.iface('i1')).toBeUndefined();
  expect(() => rows.update2({ Interface: { i1: { modify: { ofport: 4 } } } })).toThrow('not known');
});

test('names of locks are identifiers, and different for different bridges', () => {
  const names = ['br-sluice', 'br_sluice', 'br.1', 'br1', '0', 'br-2d_sluice'].map(lockName);
  expect(names.every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))).toBe(true);
  expect(new Set(names).size).toBe(names.length);
});
