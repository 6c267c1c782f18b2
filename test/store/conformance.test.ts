/** What every store promises, asked of each. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { memoryStore, openLmdbStore, type Store } from '../../src/store/index.js';
import { emptyState, restore, storedChanges, judge, type Stored } from '../../src/model/index.js';
import { world } from '../model/support.js';
import { gone, ownDirectory, put, tenant } from './support.js';

const stores: [name: string, open: () => Promise<Store>][] = [
  ['memory', () => Promise.resolve(memoryStore())],
  ['LMDB', async () => openLmdbStore(await ownDirectory())],
];

const sorted = (objects: readonly Stored[]) => objects.toSorted((a, b) => (a.kind + a.key < b.kind + b.key ? -1 : 1));

describe.each(stores)('the %s store', (_name, open) => {
  const opened = async (): Promise<Store> => {
    const store = await open();
    onTestFinished(() => store.close());
    return store;
  };

  test('is empty at first, at generation 0', async () => {
    expect(await (await opened()).load()).toMatchObject({ objects: [], generation: 0 });
  });

  test('gives back what was written, last value and last generation', async () => {
    const store = await opened();
    await store.write([put(tenant('a')), put(tenant('b', 1))], 1);
    await store.write([put(tenant('b', 2)), gone(tenant('a')), put(tenant('c'))], 5);
    const { objects, generation } = await store.load();
    expect(sorted(objects)).toEqual([tenant('b', 2), tenant('c')]);
    expect(generation).toBe(5);
  });

  test('counts a generation without changes, and forgets the absent without complaint', async () => {
    const store = await opened();
    await store.write([], 3);
    await store.write([gone(tenant('nobody'))], 4);
    expect(await store.load()).toMatchObject({ objects: [], generation: 4 });
  });

  test('keeps objects of different kinds and equal keys apart, and the empty key of the settings', async () => {
    const store = await opened();
    const settings: Stored = { kind: 'settings', key: '', id: 3, spec: { kind: 'settings' } };
    const peer: Stored = { kind: 'peer', key: 'x', id: 1, spec: { kind: 'peer', vtepIp: 'x' } };
    await store.write([put(settings), put(peer), put(tenant('x'))], 1);
    await store.write([gone(peer)], 2);
    expect(sorted((await store.load()).objects)).toEqual([settings, tenant('x')]);
  });

  test('keeps a key as long as keys can be', async () => {
    const store = await opened();
    const long = ['t'.repeat(64), 'p'.repeat(64), 'r'.repeat(128)].join('/');
    const rule = { ...tenant('x'), kind: 'rule', key: long } as Stored;
    await store.write([put(rule)], 1);
    expect((await store.load()).objects).toEqual([rule]);
  });

  test('writes asked for at once are kept in their order', async () => {
    const store = await opened();
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.write([put(tenant('a', n))], n)));
    expect(await store.load()).toMatchObject({ objects: [tenant('a', 19)], generation: 19 });
  });

  test('takes a whole state and gives it back', async () => {
    const store = await opened();
    const judged = judge(emptyState(), { put: world });
    if (!judged.ok) throw new Error('the small world is refused');
    const { state, changes } = judged.accepted;
    await store.write(storedChanges(changes), state.generation);
    const { objects, generation } = await store.load();
    const back = restore(objects, generation);
    expect(back.leftOut).toEqual([]);
    expect(judge(back.state, { put: world })).toMatchObject({
      ok: true,
      accepted: { changes: [], state: { generation: 1 } },
    });
  });
});
