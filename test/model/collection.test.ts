import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PersistentMap } from '../../src/model/collection.js';
import { Trie, type Key } from '../../src/model/trie.js';

interface Persistent<M> {
  readonly size: number;
  get(key: Key): number | undefined;
  has(key: Key): boolean;
  set(key: Key, value: number, edit?: symbol): M;
  delete(key: Key, edit?: symbol): M;
}

const contents = (map: unknown): Map<Key, number> => {
  if (map instanceof Trie) return new Map((map as Trie<Key, number>).entries());
  const persistent = map as PersistentMap<Key, number>;
  return new Map([...persistent.keys()].map((key) => [key, persistent.get(key) ?? -1]));
};

// Owner keys are numbers beyond 2^32.
const key = fc.oneof(
  fc.integer({ min: 0, max: 60 }),
  fc.integer({ min: 0, max: 60 }).map((n) => `key-${n}`),
  fc.constantFrom(2 ** 32 + 1, 7 * 2 ** 32),
);
const step = fc.record({ op: fc.constantFrom('set', 'set', 'set', 'delete', 'keep', 'edit'), key, value: fc.nat(3) });

function behavesLikeMap<M extends Persistent<M>>(empty: () => M): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      let map = empty();
      let edit: symbol | undefined;
      const model = new Map<Key, number>();
      const kept: { map: M; was: Map<Key, number> }[] = [];
      for (const { op, key: k, value } of steps) {
        if (op === 'set') {
          map = map.set(k, value, edit);
          model.set(k, value);
        } else if (op === 'delete') {
          map = map.delete(k, edit);
          model.delete(k);
        } else {
          // A version that is kept may no longer be edited: its edit is dropped.
          kept.push({ map, was: new Map(model) });
          edit = op === 'edit' ? Symbol('edit') : undefined;
        }
        expect(map.size).toBe(model.size);
        expect(map.get(k)).toBe(model.get(k));
        expect(map.has(k)).toBe(model.has(k));
      }
      expect(contents(map)).toEqual(model);
      for (const { map: old, was } of kept) expect(contents(old)).toEqual(was);
    }),
    { numRuns: 300 },
  );
}

describe('a persistent map behaves like a Map, and its earlier versions stay as they were', () => {
  test('trie', () => behavesLikeMap<Trie<Key, number>>(() => Trie.empty()));
  test('trie over a Map', () => behavesLikeMap<PersistentMap<Key, number>>(() => PersistentMap.empty()));
});

test('keys whose hashes collide in all 32 bits live side by side', async () => {
  const { hash32 } = await import('../../src/model/ids.js');
  const seen = new Map<number, string>();
  let pair: [string, string] | undefined;
  for (let n = 0; pair === undefined; n++) {
    const text = `k${n}`;
    const other = seen.get(hash32(text));
    if (other !== undefined) pair = [other, text];
    seen.set(hash32(text), text);
  }
  const [a, b] = pair;
  const both = Trie.empty<string, number>().set(a, 1).set('x', 0).set(b, 2);
  expect([both.get(a), both.get(b), both.size]).toEqual([1, 2, 3]);
  expect([both.set(b, 3).get(b), both.get(b)]).toEqual([3, 2]);
  const one = both.delete(a);
  expect([one.get(a), one.get(b), one.size]).toEqual([undefined, 2, 2]);
  expect([...one.delete(b).entries()]).toEqual([['x', 0]]);
});

test('a change of a large map leaves it shared: it takes no time that depends on its size', () => {
  const edit = Symbol('fill');
  let map = PersistentMap.empty<string, number>();
  for (let n = 0; n < 100_000; n++) map = map.set(`key-${n}`, n, edit);
  const changed = map.set('key-5', -5).delete('key-6').set('new', 1);
  expect([map.get('key-5'), map.get('key-6'), map.size]).toEqual([5, 6, 100_000]);
  expect([changed.get('key-5'), changed.has('key-6'), changed.size]).toEqual([-5, false, 100_000]);
  expect([...changed.values()].length).toBe(100_000);
});
