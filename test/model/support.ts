/** A small valid world for tests of the model, and the shortest way to judge against it. */
import { expect } from 'vitest';
import { emptyState, judge, type AnyObject, type Problem, type Request, type State } from '../../src/model/index.js';

/** Loosely typed on purpose: tests state wrong objects, too. */
export type Json = Record<string, unknown>;

export const world: readonly Json[] = [
  { kind: 'settings', vtepIp: '172.31.0.1', vlanInterfaces: ['eth1'] },
  { kind: 'peer', vtepIp: '172.31.0.2' },
  { kind: 'tenant', name: 'blue' },
  { kind: 'tenant', name: 'red' },
  {
    kind: 'network',
    tenant: 'blue',
    name: 'front',
    vni: 5001,
    subnet: '10.1.1.0/24',
    gateway: '10.1.1.254',
    ipv6Subnet: 'fd00:1::/64',
  },
  { kind: 'network', tenant: 'blue', name: 'back', vlan: 100, subnet: '10.2.2.0/24' },
  { kind: 'network', tenant: 'red', name: 'front', vni: 5002, subnet: '10.1.1.0/24' },
  { kind: 'netProfile', tenant: 'blue', name: 'gold', bandwidth: '10 mbps', dscp: 46 },
  { kind: 'policy', tenant: 'blue', name: 'web-policy' },
  { kind: 'group', tenant: 'blue', name: 'web', policies: ['web-policy'] },
  { kind: 'group', tenant: 'blue', name: 'db', network: 'back', defaultAction: 'deny' },
  {
    kind: 'rule',
    tenant: 'blue',
    policy: 'web-policy',
    id: '10',
    direction: 'in',
    action: 'allow',
    protocol: 'tcp',
    ports: [80],
    peer: { group: 'db' },
  },
  {
    kind: 'endpoint',
    id: 'web-1',
    tenant: 'blue',
    network: 'front',
    group: 'web',
    mac: '02:00:00:00:00:01',
    ipv4: '10.1.1.1',
    ipv6: ['fd00:1::1'],
    interface: 'web-1',
  },
  {
    kind: 'endpoint',
    id: 'web-2',
    tenant: 'blue',
    network: 'front',
    group: 'web',
    mac: '02:00:00:00:00:02',
    ipv4: '10.1.1.2',
    vtepIp: '172.31.0.2',
  },
  {
    kind: 'endpoint',
    id: 'db-1',
    tenant: 'blue',
    network: 'back',
    group: 'db',
    mac: '02:00:00:00:00:03',
    ipv4: '10.2.2.1',
    interface: 'db-1',
  },
];

/** The state after a request that must be accepted. */
export function accept(state: State, request: Request): State {
  const judged = judge(state, request);
  if (!judged.ok) expect(judged.problems, 'a request that is right').toEqual([]);
  return judged.ok ? judged.accepted.state : state;
}

export function refuse(state: State, request: Request): readonly Problem[] {
  const judged = judge(state, request);
  expect(judged.ok, 'a request that is wrong').toBe(false);
  return judged.ok ? [] : judged.problems;
}

export const worldState = (): State => accept(emptyState(), { put: world });

/** Every object of a state, as GET returns it. */
export const specsOf = (state: State): Json[] => objectsOf(state).map(({ spec }) => spec);

export function objectsOf(state: State): AnyObject[] {
  const kinds = [
    'settings',
    'tenant',
    'network',
    'netProfile',
    'group',
    'policy',
    'rule',
    'endpoint',
    'peer',
    'service',
    'route',
  ] as const;
  return kinds.flatMap((kind) => [...state.collection(kind)] as AnyObject[]);
}

/** One object's normal form, in the small world. */
export function acceptedSpec(put: Json): unknown {
  const judged = judge(worldState(), { put: [put] });
  return judged.ok ? judged.accepted.changes[0]?.after?.spec : judged.problems;
}
