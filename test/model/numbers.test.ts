/** The numbers objects get: ids, zones, policy sets. */
import { expect, test } from 'vitest';
import { emptyState, ownerKey } from '../../src/model/index.js';
import { accept, objectsOf, refuse, worldState } from './support.js';

test('every object is found by its owner key, and no id is 0', () => {
  const state = worldState();
  for (const object of objectsOf(state)) {
    expect(object.id).toBeGreaterThan(0);
    expect(state.byOwner(ownerKey(object.kind, object.id))).toEqual({ kind: object.kind, key: object.key });
  }
  expect(state.byOwner(ownerKey('system', 1))).toBeUndefined();
});

test('ids never change: they are in the cookies of running switches', () => {
  const state = worldState();
  expect([state.settings.id, state.tenants.get('blue')?.id, state.endpoints.get('web-1')?.id]).toMatchInlineSnapshot(`
      [
        3334993633,
        3636299459,
        3886851648,
      ]
    `);
  expect([...state.tenants].map(({ key, zone }) => [key, zone])).toMatchInlineSnapshot(`
      [
        [
          "red",
          27465,
        ],
        [
          "blue",
          14401,
        ],
      ]
    `);
});

test('tenants have zones of their own, 1–32767', () => {
  const put = Array.from({ length: 2000 }, (_, n) => ({ kind: 'tenant', name: `t${n}` }));
  const zones = [...accept(emptyState(), { put }).tenants].map(({ zone }) => zone);
  expect(new Set(zones).size).toBe(2000);
  expect(Math.min(...zones)).toBeGreaterThan(0);
  expect(Math.max(...zones)).toBeLessThan(32_768);
});

test('a tenant more than there are zones is refused', () => {
  const put = Array.from({ length: 32_768 }, (_, n) => ({ kind: 'tenant', name: `t${n}` }));
  const full = accept(emptyState(), { put: put.slice(0, -1) });
  expect(refuse(full, { put: put.slice(-1) })).toMatchObject([
    { pointer: '/objects/0', code: 'limit', message: expect.stringContaining('32,767') as string },
  ]);
  const next = accept(full, { put: put.slice(-1), delete: [{ kind: 'tenant', key: 't7' }] });
  expect(next.tenants.size).toBe(32_767);
});

test('groups share a policy-set number exactly when policies and default are equal', () => {
  const policies = ['p', 'q'].map((name) => ({ kind: 'policy', tenant: 'blue', name }));
  const groups = [
    { name: 'a', policies: ['p', 'q'] },
    { name: 'b', policies: ['q', 'p', 'q'] },
    { name: 'c', policies: ['p', 'q'], defaultAction: 'deny' },
    { name: 'd', policies: ['p'] },
    { name: 'e' },
    { name: 'f', defaultAction: 'deny' },
  ].map((group) => ({ kind: 'group', tenant: 'blue', ...group }));
  const state = accept(emptyState(), { put: [{ kind: 'tenant', name: 'blue' }, ...policies, ...groups] });
  const set = (name: string) => state.groups.get(`blue/${name}`)?.policySet ?? -1;
  expect(set('a')).toBe(set('b'));
  expect(new Set(['a', 'c', 'd', 'e', 'f'].map(set)).size).toBe(5);
  expect(set('e')).toBe(0);
  expect(new Set(state.policySets('blue/p'))).toEqual(new Set([set('a'), set('c'), set('d')]));
  expect(new Set(state.policySets('blue/q'))).toEqual(new Set([set('a'), set('c')]));
  const next = accept(state, { put: [{ kind: 'group', tenant: 'blue', name: 'c' }] });
  expect([...next.policySets('blue/q')]).toEqual([set('a')]);
});
