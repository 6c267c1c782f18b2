/**
 * Incremental compilation: what a change does not name compiles to the same flows as before, so recompiling the dirty
 * owners alone leaves the whole as compiling everything would.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyState, judge, ownerKey, type AnyObject, type State } from '../../src/model/index.js';
import { everyObject } from '../../src/pipeline/compile.js';
import { addDependents, nothingDirty } from '../../src/pipeline/dependents.js';
import type { World } from '../../src/pipeline/world.js';
import { accept, groupText, objectText, worldOf } from './support.js';

const base = [
  { kind: 'settings', vtepIp: '172.31.0.1', vlanInterfaces: ['eth1'] },
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'n1', encap: 'vxlan', vni: 5001, subnet: '10.1.0.0/16' },
  { kind: 'network', tenant: 'blue', name: 'n2', encap: 'vlan', vlan: 100, subnet: '10.2.0.0/16' },
  { kind: 'peer', vtepIp: '172.31.0.2' },
  { kind: 'peer', vtepIp: '172.31.0.3' },
  { kind: 'policy', tenant: 'blue', name: 'p1' },
  { kind: 'policy', tenant: 'blue', name: 'p2' },
  { kind: 'group', tenant: 'blue', name: 'g1' },
  { kind: 'group', tenant: 'blue', name: 'g2' },
];

const group = fc.record({
  kind: fc.constant('group'),
  tenant: fc.constant('blue'),
  name: fc.constantFrom('g1', 'g2', 'g3'),
  policies: fc.subarray(['p1', 'p2']),
  defaultAction: fc.constantFrom('allow', 'deny'),
});

/** With a VLAN or VNI of its own, or just kept to a network. */
const taggedGroup = fc
  .record({
    name: fc.constantFrom('g1', 'g2', 'g3'),
    own: fc.constantFrom(
      { network: 'n1' },
      { network: 'n1', vni: 7001 },
      { network: 'n1', vni: 7002 },
      { network: 'n2', vlan: 7 },
      { network: 'n2', vlan: 8 },
    ),
  })
  .map(({ name, own }) => ({ kind: 'group', tenant: 'blue', name, ...own }));

const retagged = fc
  .constantFrom(
    { name: 'n1', encap: 'vxlan', vni: 5001 },
    { name: 'n1', encap: 'vxlan', vni: 7001 },
    { name: 'n2', vlan: 7 },
  )
  .map((fields) => ({
    kind: 'network',
    tenant: 'blue',
    ...fields,
    subnet: fields.name === 'n1' ? '10.1.0.0/16' : '10.2.0.0/16',
  }));

const rule = fc
  .record({
    policy: fc.constantFrom('p1', 'p2'),
    id: fc.integer({ min: 1, max: 3 }).map(String),
    direction: fc.constantFrom('in', 'out'),
    action: fc.constantFrom('allow', 'deny'),
    priority: fc.integer({ min: 1, max: 100 }),
    port: fc.constantFrom(80, 443, undefined),
    peer: fc.constantFrom(undefined, { group: 'g1' }, { cidrs: ['10.0.0.0/8'] }, { network: 'n1' }),
  })
  .map(({ port, peer, ...rest }) => ({
    kind: 'rule',
    tenant: 'blue',
    ...rest,
    ...(port === undefined ? {} : { protocol: 'tcp', ports: port }),
    ...(peer === undefined ? {} : { peer }),
  }));

const audit = fc.record({
  kind: fc.constant('policy'),
  tenant: fc.constant('blue'),
  name: fc.constantFrom('p1', 'p2'),
  audit: fc.boolean(),
});

const endpoint = fc
  .record({
    n: fc.integer({ min: 1, max: 6 }),
    network: fc.constantFrom('n1', 'n2'),
    group: fc.constantFrom('g1', 'g2', undefined),
    where: fc.constantFrom('interface', '172.31.0.2', '172.31.0.3', undefined),
  })
  .map(({ n, network, group: of, where }) => ({
    kind: 'endpoint',
    id: `e${n}`,
    tenant: 'blue',
    network,
    mac: `02:00:00:00:00:0${n}`,
    ipv4: `10.${network === 'n1' ? 1 : 2}.0.${n + 10}`,
    ...(of === undefined ? {} : { group: of }),
    ...(where === undefined ? {} : where === 'interface' ? { interface: `w${n}` } : { vtepIp: where }),
  }));

const service = fc
  .record({
    name: fc.constantFrom('s1', 's2'),
    last: fc.constantFrom(100, 101),
    providers: fc.subarray(['e1', 'e2', '10.1.0.13', '10.2.0.13']),
    targetPort: fc.constantFrom(80, 8080),
  })
  .map(({ name, last, providers, targetPort }) => ({
    kind: 'service',
    tenant: 'blue',
    name,
    network: 'n1',
    ips: [`10.1.${name === 's1' ? 1 : 2}.${last}`],
    ports: [{ port: 80, targetPort }],
    providers,
  }));

type Gone = { kind: 'endpoint' | 'rule' | 'service'; key: string };
const gone = fc.constantFrom<Gone>(
  { kind: 'service', key: 'blue/s1' },
  { kind: 'endpoint', key: 'e1' },
  { kind: 'endpoint', key: 'e2' },
  { kind: 'rule', key: 'blue/p1/1' },
);

type Request = { put?: unknown[]; delete?: Gone[]; cascade?: true };
const request: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .oneof(group, taggedGroup, rule, endpoint, endpoint, retagged, audit, service)
      .map((object) => ({ put: [object] })),
  },
  { weight: 1, arbitrary: gone.map((ref) => ({ delete: [ref], cascade: true as const })) },
);

const allText = (world: World, o: AnyObject): string[] => [...objectText(world, o), ...groupText(world, o)];

/** Owner → flows and groups, of everything. */
function compileEverything(state: State): Map<number, string[]> {
  const world = worldOf(state);
  return new Map([...everyObject(world)].map((o) => [ownerKey(o.kind, o.id), allText(world, o)]));
}

test('recompiling only what a change touches equals compiling everything', () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 12 }), (requests) => {
      let state = accept(emptyState(), base);
      const held = compileEverything(state);
      for (const each of requests) {
        const judged = judge(state, each);
        if (!judged.ok) continue;
        const before = worldOf(state);
        state = judged.accepted.state;
        const world = worldOf(state);
        const dirty = nothingDirty();
        addDependents(dirty, judged.accepted.changes, state);
        // Port numbers follow the set of interfaces in these tests; a moved port is not what is tested here.
        for (const e of state.endpoints.values()) {
          if (!e.where || !('interface' in e.where)) continue;
          if (before.ports.of(e.where.interface) === world.ports.of(e.where.interface)) continue;
          dirty.objects.set(ownerKey(e.kind, e.id), e);
          const network = state.networks.get(e.network)!;
          dirty.objects.set(ownerKey(network.kind, network.id), network);
        }
        for (const owner of dirty.gone) held.delete(owner);
        for (const [owner, object] of dirty.objects) held.set(owner, allText(world, object));
        for (const [owner, lines] of compileEverything(state)) expect(held.get(owner) ?? []).toEqual(lines);
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);
