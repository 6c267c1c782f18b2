import { expect, test } from 'vitest';
import { emptyState, judge, refText, restore, storedOf, type Stored } from '../../src/model/index.js';
import { accept, objectsOf, specsOf, worldState } from './support.js';

const stored = () => objectsOf(worldState()).map(storedOf);

test('the state comes back as it was, numbers and generation included', () => {
  const before = worldState();
  const { state, leftOut } = restore(JSON.parse(JSON.stringify(stored())) as Stored[], before.generation);
  expect(leftOut).toEqual([]);
  expect(state.generation).toBe(before.generation);
  expect(objectsOf(state).toSorted((a, b) => (refText(a) < refText(b) ? -1 : 1))).toEqual(
    objectsOf(before).toSorted((a, b) => (refText(a) < refText(b) ? -1 : 1)),
  );
  expect(judge(state, { put: specsOf(before) })).toMatchObject({ ok: true, accepted: { changes: [] } });
});

test('stored numbers win over the preferred ones', () => {
  const moved = stored().map((one) => {
    if (one.kind === 'tenant' && one.key === 'blue') return { ...one, id: 42, zone: 43 };
    return one.kind === 'group' && one.key === 'blue/web' ? { ...one, policySet: 44 } : one;
  });
  const { state } = restore(moved);
  expect(state.tenants.get('blue')).toMatchObject({ id: 42, zone: 43 });
  expect(state.groups.get('blue/web')?.policySet).toBe(44);
  expect([...state.policySets('blue/web-policy')]).toEqual([44]);
  const next = accept(state, {
    put: [{ kind: 'group', tenant: 'blue', name: 'web', network: 'front', policies: ['web-policy'] }],
  });
  expect(next.groups.get('blue/web')?.policySet).toBe(44);
});

test('a number stored twice goes to one, and the other gets its own', () => {
  const clash = stored().map((one) => (one.kind === 'tenant' ? { ...one, id: 42, zone: 43 } : one));
  const tenants = [...restore(clash).state.tenants];
  expect(new Set(tenants.map(({ id }) => id)).size).toBe(2);
  expect(new Set(tenants.map(({ zone }) => zone)).size).toBe(2);
});

test('what no longer validates is reported, with what depends on it, and the rest comes back', () => {
  const broken = stored().map((one) =>
    one.key === 'blue/back' ? ({ ...one, spec: { ...one.spec, vlan: 5000 } } as Stored) : one,
  );
  const { state, leftOut } = restore(broken);
  const codes = leftOut.map(({ ref, problems }) => `${refText(ref)}: ${problems.map(({ code }) => code).join(', ')}`);
  expect(codes.toSorted()).toEqual([
    'endpoint db-1: no_such_object',
    'group blue/db: no_such_object',
    'network blue/back: out_of_range',
    'rule blue/web-policy/10: no_such_object',
  ]);
  expect([...state.endpoints].map(({ key }) => key).toSorted()).toEqual(['web-1', 'web-2']);
});

test('settings that no longer validate give way to the defaults', () => {
  const broken = stored().map((one) =>
    one.kind === 'settings' ? { ...one, spec: { kind: 'settings' as const, vtepIp: 'x' } } : one,
  );
  const { state, leftOut } = restore(broken);
  expect(leftOut.map(({ ref }) => ref.kind)).toEqual(['settings']);
  expect(state.settings.spec).toEqual(emptyState().settings.spec);
});

test('a record under another object’s key is left out', () => {
  const { leftOut } = restore([{ kind: 'tenant', key: 'a', id: 1, spec: { kind: 'tenant', name: 'b' } }]);
  expect(leftOut).toMatchObject([{ ref: { kind: 'tenant', key: 'a' }, problems: [{ code: 'bad_value' }] }]);
});

test('an empty store is an empty state', () => {
  expect(restore([]).state.settings.spec).toMatchObject({ kind: 'settings', bridge: 'br-sluice', vxlanPort: 4789 });
});
