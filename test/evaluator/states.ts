/**
 * Random hosts: two tenants with equal addresses, VXLAN and VLAN networks, groups that share policies or have tags of their own, rules that overlap.
 * Neighbours: traffic.ts sends packets through them; ports.ts numbers the workloads' ports.
 * Invariant: every generated request is one the model accepts.
 */
import fc from 'fast-check';
import { emptyState, judge as accept, type State } from '../../src/model/index.js';

export const tenants = ['blue', 'red'] as const;
export const peers = ['172.31.0.2', '172.31.0.3'] as const;
export const networks = ['vx', 'vl', 'vy'] as const;
const groupNames = ['g0', 'g1', 'g2', 'g3'] as const;
const policyNames = ['p0', 'p1', 'p2'] as const;
export const tcpPorts = [22, 80, 443, 8080] as const;

export const cidrs = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.0.0/24',
  '10.1.0.0/30',
  '10.1.0.2/32',
  '10.1.0.3/31',
  '10.2.0.0/24',
  '10.2.0.0/29',
  '198.51.100.0/24',
  '198.51.100.7/32',
  '10.1.0.2-10.1.0.5',
  'fd00:1::1-fd00:1::3',
  '::/0',
  'fd00:1::/64',
  'fd00:1::2/127',
  'fd00:2::/64',
  '2001:db8::/32',
] as const;

type Spec = Record<string, unknown>;

/** Next hops: a router on the VLAN, or the gateway of a peer. Longer prefixes lie in wider ones. */
const onUplink = { network: 'vl', mac: '02:00:00:ff:ff:fe' };
const behindPeer = { network: 'vx', vtepIp: peers[1] };
const routes: Readonly<Record<string, Spec>> = {
  '0.0.0.0/0': behindPeer,
  '198.51.100.0/24': onUplink,
  '198.51.100.7/32': behindPeer,
  '::/0': onUplink,
  '2001:db8::/32': behindPeer,
};

/** Where the fabric gives a group a tag of its own: its members are in that network. */
const ownTags: Readonly<Record<string, { network: (typeof networks)[number]; vlan?: number; vni?: number }>> = {
  g2: { network: 'vl', vlan: 300 },
  g3: { network: 'vx', vni: 6000 },
};

const group = fc.record({
  policies: fc.oneof({ weight: 4, arbitrary: fc.subarray([...policyNames], { minLength: 1 }) }, fc.constant([])),
  defaultAction: fc.constantFrom('allow', 'allow', 'deny'),
});

const peer = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Spec | undefined>(undefined) },
  { weight: 3, arbitrary: fc.record({ group: fc.constantFrom(...groupNames) }) },
  { weight: 3, arbitrary: fc.record({ cidrs: fc.subarray([...cidrs], { minLength: 1, maxLength: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ network: fc.constantFrom(...networks) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      group: fc.constantFrom(...groupNames),
      cidrs: fc.subarray([...cidrs], { minLength: 1, maxLength: 2 }),
    }),
  },
);

const service = fc.oneof(
  fc.constantFrom<Spec>({}, { protocol: 'any' }, { protocol: 'icmp' }, { protocol: 'tcp' }, { protocol: 'udp' }),
  fc.constantFrom<Spec>({ protocol: 6 }, { protocol: '17' }, { protocol: 'sctp' }),
  fc.constantFrom<Spec>(
    { protocol: 'icmp', icmpType: 8 },
    { protocol: 'icmp', icmpType: 128 },
    { protocol: 1, icmpType: 13, icmpCode: 0 },
    { protocol: 'icmp', icmpType: 8, icmpCode: 1 },
  ),
  fc.record({
    protocol: fc.constantFrom('tcp', 'udp', 'sctp', 6),
    ports: fc.oneof(
      fc.constantFrom<number | string>(...tcpPorts, '16-95', '440-447'),
      fc.subarray([...tcpPorts, '23-81', '8064-8095'], { minLength: 1 }),
    ),
  }),
);

/** So many ports and addresses that they cost less apart: 15 masks and more against 4 prefixes and more. */
const many = fc.record({
  peer: fc.record({ cidrs: fc.subarray([...cidrs], { minLength: 5, maxLength: 9 }) }),
  service: fc.record({
    protocol: fc.constantFrom('tcp', 'udp', 'tcp', 'sctp'),
    ports: fc.constantFrom(['16-95', '441-446', '8065-8094'], ['21-81', '443-450', '8079-8094']),
  }),
});

const rule = fc
  .record({
    policy: fc.constantFrom(...policyNames),
    direction: fc.constantFrom('in', 'out'),
    // Few values, so that ties are common.
    priority: fc.constantFrom(1, 1, 2, 50, 100),
    action: fc.constantFrom('allow', 'deny'),
    what: fc.oneof({ weight: 5, arbitrary: fc.record({ peer, service }) }, { weight: 2, arbitrary: many }),
  })
  .map(({ what, ...rest }) => ({ ...rest, ...what }));

const endpoint = fc.record({
  network: fc.constantFrom(...networks),
  group: fc.option(fc.constantFrom(...groupNames), { nil: undefined, freq: 5 }),
  place: fc.constantFrom('here', 'here', 'peer0', 'peer1', 'elsewhere'),
  families: fc.constantFrom('both', 'both', 'four', 'six'),
});

const tenant = fc.record({
  groups: fc.tuple(group, group, group, group),
  tagged: fc.subarray(['g2', 'g3']),
  audited: fc.subarray([...policyNames], { maxLength: 1 }),
  routed: fc.subarray([...networks]),
  routes: fc.subarray(Object.keys(routes)),
  rules: fc.array(rule, { minLength: 6, maxLength: 12, size: 'max' }),
  endpoints: fc.array(endpoint, { minLength: 4, maxLength: 6, size: 'max' }),
});

type TenantShape = typeof tenant extends fc.Arbitrary<infer T> ? T : never;
type EndpointShape = TenantShape['endpoints'][number];

/** The same addresses in both tenants; only the tags differ. */
function networksOf(name: string, index: number, routed: readonly string[]): Spec[] {
  return networks.map((network, i) => ({
    kind: 'network',
    tenant: name,
    name: network,
    ...(network === 'vl' ? { vlan: 100 + index } : { vni: 5000 + 10 * index + i }),
    subnet: `10.${i + 1}.0.0/24`,
    gateway: `10.${i + 1}.0.254`,
    ipv6Subnet: `fd00:${i + 1}::/64`,
    ipv6Gateway: `fd00:${i + 1}::ff`,
    // The others say nothing, and the settings say bridge.
    ...(routed.includes(network) ? { forwarding: 'routing' } : {}),
  }));
}

function tagOf(name: string, index: number, tagged: readonly string[]): Spec {
  const { network, vlan, vni } = ownTags[name] ?? {};
  if (network === undefined || !tagged.includes(name)) return {};
  return {
    network,
    ...(vlan === undefined ? {} : { vlan: vlan + index }),
    ...(vni === undefined ? {} : { vni: vni + index }),
  };
}

function inItsNetwork(shape: EndpointShape, tagged: readonly string[]): EndpointShape {
  const network = shape.group !== undefined && tagged.includes(shape.group) ? ownTags[shape.group]?.network : undefined;
  return network === undefined ? shape : { ...shape, network };
}

function endpointOf(tenantName: string, tenantIndex: number, shape: EndpointShape, i: number): Spec {
  const net = networks.indexOf(shape.network) + 1;
  const elsewhere = shape.place === 'elsewhere' && shape.network === 'vl';
  const behind = shape.place === 'peer0' ? peers[0] : shape.place === 'peer1' ? peers[1] : undefined;
  return {
    kind: 'endpoint',
    id: `${tenantName}-${i + 1}`,
    tenant: tenantName,
    network: shape.network,
    mac: `02:00:00:0${net}:00:0${i + 1}`,
    ...(shape.group === undefined ? {} : { group: shape.group }),
    ...(shape.families === 'six' ? {} : { ipv4: `10.${net}.0.${i + 1}` }),
    ...(shape.families === 'four' ? {} : { ipv6: [`fd00:${net}::${i + 1}`] }),
    ...(behind === undefined ? (elsewhere ? {} : { interface: `w${6 * tenantIndex + i + 1}` }) : { vtepIp: behind }),
  };
}

function tenantOf(name: string, index: number, shape: TenantShape): Spec[] {
  return [
    { kind: 'tenant', name },
    ...networksOf(name, index, shape.routed),
    ...shape.routes.map((prefix) => ({ kind: 'route', tenant: name, prefix, ...routes[prefix] })),
    ...policyNames.map((policy) => ({
      kind: 'policy',
      tenant: name,
      name: policy,
      audit: shape.audited.includes(policy),
    })),
    ...shape.groups.map((g, i) => ({
      kind: 'group',
      tenant: name,
      name: groupNames[i],
      ...g,
      ...tagOf(groupNames[i]!, index, shape.tagged),
    })),
    ...shape.rules.map(({ peer: p, service: s, ...r }, i) => ({
      kind: 'rule',
      tenant: name,
      id: String(i),
      ...r,
      ...s,
      ...(p === undefined ? {} : { peer: p }),
    })),
    ...shape.endpoints.map((e, i) => endpointOf(name, index, inItsNetwork(e, shape.tagged), i)),
  ];
}

export const base: readonly Spec[] = [
  { kind: 'settings', vtepIp: '172.31.0.1', vlanInterfaces: ['eth1'], datapathType: 'dummy' },
  ...peers.map((vtepIp) => ({ kind: 'peer', vtepIp })),
];

/** The objects of a host. */
export const objects: fc.Arbitrary<Spec[]> = fc
  .tuple(tenant, tenant, fc.constantFrom('joint', 'both-sides'))
  .map(([blue, red, policyMode]) => [
    ...base.map((object) => (object['kind'] === 'settings' ? { ...object, policyMode } : object)),
    ...tenantOf(tenants[0], 0, blue),
    ...tenantOf(tenants[1], 1, red),
  ]);

export function stateOf(put: readonly Spec[]): State {
  const judged = accept(emptyState(), { put });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems, null, 2));
  return judged.accepted.state;
}
