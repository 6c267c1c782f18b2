import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyState, judge, refText, type Change, type State } from '../../src/model/index.js';
import { accept, objectsOf, refuse, specsOf, world, worldState, type Json } from './support.js';

const changed = (changes: readonly Change[]) =>
  changes
    .map(({ ref, before, after }) => `${before ? (after ? 'changed' : 'deleted') : 'created'} ${refText(ref)}`)
    .toSorted();

function changesOf(state: State, request: Parameters<typeof judge>[1]): string[] {
  const judged = judge(state, request);
  expect(judged).toMatchObject({ ok: true });
  return judged.ok ? changed(judged.accepted.changes) : [];
}

/** All that two states must have in common to be the same to the switch. */
const essence = (state: State) => objectsOf(state).toSorted((a, b) => (refText(a) < refText(b) ? -1 : 1));

describe('putting', () => {
  test('what GET returns changes nothing', () => {
    const state = worldState();
    const judged = judge(state, { put: specsOf(state) });
    expect(judged).toMatchObject({ ok: true, accepted: { changes: [], unchanged: world.length } });
    expect(judged.ok && judged.accepted.state).toBe(state);
  });

  test('the order of objects in a request means nothing, numbers included', () => {
    const expected = essence(worldState());
    fc.assert(
      fc.property(fc.shuffledSubarray([...world], { minLength: world.length }), (put) => {
        expect(essence(accept(emptyState(), { put }))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test('one by one or at once comes to the same', () => {
    let state = emptyState();
    for (const one of world) state = accept(state, { put: [one] });
    expect(essence(state)).toEqual(essence(worldState()));
    expect(state.generation).toBe(world.length);
  });

  test('names the objects that changed, and keeps their ids', () => {
    const state = worldState();
    const put = [
      { kind: 'group', tenant: 'blue', name: 'web' },
      { kind: 'group', tenant: 'blue', name: 'new' },
      { kind: 'tenant', name: 'red' },
    ];
    expect(changesOf(state, { put })).toEqual(['changed group blue/web', 'created group blue/new']);
    const next = accept(state, { put });
    expect(next.generation).toBe(state.generation + 1);
    expect(next.groups.get('blue/web')?.id).toBe(state.groups.get('blue/web')?.id);
    expect(next.groups.get('blue/web')?.policies).toEqual([]);
    expect(state.groups.get('blue/web')?.policies).toEqual(['blue/web-policy']);
  });

  test('a refused request leaves no trace', () => {
    const state = worldState();
    const before = essence(state);
    refuse(state, {
      put: [
        { kind: 'tenant', name: 'green' },
        { kind: 'group', tenant: 'gren', name: 'x' },
      ],
      delete: [{ kind: 'endpoint', key: 'web-1' }],
    });
    expect(essence(state)).toEqual(before);
    expect(changesOf(state, { put: specsOf(state) })).toEqual([]);
  });

  test('two objects may swap what only one may have', () => {
    const state = worldState();
    const [one, two] = ['web-1', 'web-2'].map((key) => state.endpoints.get(key)?.spec as Json);
    const put = [
      { ...one, ipv4: two?.['ipv4'], mac: two?.['mac'] },
      { ...two, ipv4: one?.['ipv4'], mac: one?.['mac'] },
    ];
    expect(accept(state, { put }).endpoints.get('web-1')?.spec.ipv4).toBe('10.1.1.2');
  });

  test('what was freed in the same request can be taken', () => {
    const state = worldState();
    const put = [
      {
        kind: 'endpoint',
        id: 'new',
        tenant: 'blue',
        network: 'front',
        mac: '02:00:00:00:00:01',
        ipv4: '10.1.1.1',
        interface: 'web-1',
      },
    ];
    const next = accept(state, { put, delete: [{ kind: 'endpoint', key: 'web-1' }] });
    expect(next.endpointAt('web-1')?.key).toBe('new');
  });

  test.each([
    [
      { kind: 'network', tenant: 'red', name: 'n', vlan: 7, subnet: '10.5.1.5/24' },
      { encap: 'vlan', subnet: '10.5.1.0/24', type: 'data' },
    ],
    [
      { kind: 'network', tenant: 'red', name: 'n', vni: 7, ipv6Subnet: 'FD00:5:0::1/64' },
      { encap: 'vxlan', ipv6Subnet: 'fd00:5::/64' },
    ],
    [{ kind: 'peer', vtepIp: 'FD00::0002' }, { vtepIp: 'fd00::2' }],
    [{ kind: 'group', tenant: 'red', name: 'g' }, { defaultAction: 'allow' }],
    [
      {
        kind: 'endpoint',
        id: 'e',
        tenant: 'red',
        network: 'front',
        mac: '02:00:00:00:00:AB',
        ipv6: ['FE80::0:1'],
        allowedAddresses: [{ ip: '10.1.1.9/32', mac: '00:00:5E:00:01:01' }, { ip: '10.9.1.1/16' }],
      },
      {
        mac: '02:00:00:00:00:ab',
        ipv6: ['fe80::1'],
        allowedAddresses: [{ ip: '10.1.1.9', mac: '00:00:5e:00:01:01' }, { ip: '10.9.0.0/16' }],
      },
    ],
    [
      {
        kind: 'rule',
        tenant: 'blue',
        policy: 'web-policy',
        id: '1',
        direction: 'in',
        action: 'allow',
        protocol: 'TCP',
        ports: [443, 80, 443],
        peer: { cidrs: ['10.9.1.7/16', 'FD00:9::/32', '10.9.3.0/24', '10.8.0.0/16'] },
      },
      {
        priority: 1,
        protocol: 'tcp',
        ports: [80, 443],
        peer: { cidrs: ['10.8.0.0/15', 'fd00:9::/32'] },
      },
    ],
    [
      {
        kind: 'rule',
        tenant: 'blue',
        policy: 'web-policy',
        id: '1',
        direction: 'out',
        action: 'deny',
        peer: 'any',
        protocol: 6,
        ports: 22,
      },
      { protocol: 'tcp', ports: [22] },
    ],
  ])('the normal form of %j says %j', (put, normal) => {
    const judged = judge(worldState(), { put: [put] });
    const spec = judged.ok ? judged.accepted.changes[0]?.after?.spec : judged.problems;
    expect(spec).toMatchObject(normal);
    // The normal form is its own normal form.
    expect(judged.ok && changesOf(judged.accepted.state, { put: [spec] })).toEqual([]);
  });
});

describe('deleting', () => {
  test('what is absent is success', () => {
    expect(
      changesOf(worldState(), {
        delete: [
          { kind: 'endpoint', key: 'nobody' },
          { kind: 'peer', key: 'fd00::9' },
        ],
      }),
    ).toEqual([]);
  });

  test('what others refer to is refused with the list of them', () => {
    expect(refuse(worldState(), { delete: [{ kind: 'network', key: 'blue/front' }] })).toEqual([
      {
        pointer: '/delete/0',
        code: 'in_use',
        message: expect.stringMatching(
          /^`network blue\/front` is used by `endpoint web-[12]`, `endpoint web-[12]`$/,
        ) as string,
        suggestion: 'delete them first, or with cascade',
      },
    ]);
  });

  test.each([
    ['tenant', 'blue', 11],
    ['network', 'blue/front', 3],
    ['network', 'blue/back', 4],
    ['group', 'blue/db', 3],
    ['policy', 'blue/web-policy', 5],
    ['peer', '172.31.0.2', 2],
    ['rule', 'blue/web-policy/10', 1],
  ] as const)('with cascade, %s %s takes with it all that refers to it', (kind, key, count) => {
    const state = worldState();
    const request = { delete: [{ kind, key }], cascade: true };
    expect(changesOf(state, request)).toHaveLength(count);
    const next = accept(state, request);
    expect(next.object({ kind, key })).toBeUndefined();
    expect(changesOf(next, { put: specsOf(next) })).toEqual([]);
  });

  test('together with all that refer to it, in any order', () => {
    const state = worldState();
    const gone = ['web-1', 'web-2'].map((key) => ({ kind: 'endpoint' as const, key }));
    expect(
      accept(state, { delete: [{ kind: 'network', key: 'blue/front' }, ...gone] }).networks.has('blue/front'),
    ).toBe(false);
  });

  test('is fine when the request moves the referrers away', () => {
    const state = worldState();
    const put = [{ ...state.endpoints.get('web-2')?.spec, vtepIp: undefined, interface: 'w2' }];
    expect(accept(state, { put, delete: [{ kind: 'peer', key: '172.31.0.2' }] }).peers.size).toBe(0);
  });

  test('what the request puts is not taken away by cascade, and told what it misses', () => {
    const state = worldState();
    const put = [{ ...state.endpoints.get('web-2')?.spec, ipv4: '10.1.1.7' }];
    expect(refuse(state, { put, delete: [{ kind: 'peer', key: '172.31.0.2' }], cascade: true })).toMatchObject([
      { pointer: '/objects/0/vtepIp', code: 'no_such_object' },
    ]);
  });

  test('and putting the same object is a contradiction', () => {
    expect(
      refuse(worldState(), { put: [{ kind: 'tenant', name: 'red' }], delete: [{ kind: 'tenant', key: 'red' }] }),
    ).toMatchObject([{ pointer: '/delete/0', code: 'contradiction' }]);
  });

  test('the settings is going back to the defaults', () => {
    const state = worldState();
    const next = accept(state, { delete: [{ kind: 'settings', key: '' }] });
    expect(next.settings.spec).toEqual(emptyState().settings.spec);
    expect(next.settings.id).toBe(state.settings.id);
    expect(changesOf(state, { delete: [{ kind: 'settings', key: '' }] })).toEqual(['changed settings']);
  });

  test('an unknown kind is refused', () => {
    expect(refuse(worldState(), { delete: [{ kind: 'netwrk' as 'network', key: 'x' }] })).toMatchObject([
      { pointer: '/delete/0', code: 'unknown_kind' },
    ]);
  });
});

test('indexes are what the objects say, after any requests', () => {
  const base = worldState();
  const group = fc.constantFrom('web', 'g1', 'g2', undefined);
  const put = fc.oneof(
    fc.record({
      kind: fc.constant('endpoint'),
      id: fc.constantFrom('e1', 'e2', 'e3', 'web-1'),
      tenant: fc.constant('blue'),
      network: fc.constant('front'),
      group,
      mac: fc.nat(5).map((n) => `02:00:00:00:01:0${n}`),
      interface: fc.constantFrom('i1', 'i2'),
    }),
    fc.record({
      kind: fc.constant('group'),
      tenant: fc.constant('blue'),
      name: fc.constantFrom('g1', 'g2', 'web'),
      policies: fc.subarray(['web-policy', 'p1']),
    }),
    fc.record({ kind: fc.constant('policy'), tenant: fc.constant('blue'), name: fc.constant('p1') }),
  );
  const gone = fc.constantFrom(
    { kind: 'group' as const, key: 'blue/g1' },
    { kind: 'endpoint' as const, key: 'e1' },
    { kind: 'policy' as const, key: 'blue/p1' },
  );
  const request = fc.record({
    put: fc.array(put, { maxLength: 4 }),
    delete: fc.array(gone, { maxLength: 1 }),
    cascade: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 15 }), (requests) => {
      let state = base;
      for (const one of requests) {
        const judged = judge(state, {
          ...one,
          put: one.put.map((fields) => JSON.parse(JSON.stringify(fields)) as Json),
        });
        if (judged.ok) state = judged.accepted.state;
      }
      // A state made afresh of the same objects has the same indexes.
      const fresh = accept(emptyState(), { put: specsOf(state) });
      const keys = (objects: Iterable<{ key: string }>) => [...objects].map(({ key }) => key).toSorted();
      for (const { key } of fresh.groups) {
        expect(keys(state.groupMembers(key))).toEqual(keys(fresh.groupMembers(key)));
        expect(keys(state.rulesNaming('group', key))).toEqual(keys(fresh.rulesNaming('group', key)));
      }
      for (const { key } of fresh.networks) expect(keys(state.members(key))).toEqual(keys(fresh.members(key)));
      for (const { key } of fresh.networks) {
        expect(keys(state.localMembers(key))).toEqual(keys(fresh.localMembers(key)));
        expect([...state.memberPeers(key)].toSorted()).toEqual([...fresh.memberPeers(key)].toSorted());
      }
      for (const { key } of fresh.policies) {
        expect(keys(state.policyGroups(key))).toEqual(keys(fresh.policyGroups(key)));
        expect(keys(state.policyRules(key))).toEqual(keys(fresh.policyRules(key)));
        expect(new Set(state.policySets(key))).toEqual(new Set(fresh.policySets(key)));
      }
      for (const name of ['i1', 'i2', 'web-1']) expect(state.endpointAt(name)?.key).toBe(fresh.endpointAt(name)?.key);
    }),
    { numRuns: 60 },
  );
});

test('everything reachable from an object is frozen, bytes excepted', () => {
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    ArrayBuffer.isView(value) ||
    (Object.isFrozen(value) && Object.values(value).every(frozen));
  for (const object of objectsOf(worldState())) expect(frozen(object), refText(object)).toBe(true);
});
