/**
 * What each kind of object costs in flows on one host, measured by compiling; docs/scale.md is written from it (vitest -u).
 * Invariant: a cost is a slope: twice as many objects cost twice as much, and nobody else's flows change in number.
 */
import { expect, test } from 'vitest';
import { emptyState } from '../../src/model/index.js';
import { Batch } from '../../src/openflow/index.js';
import { compileObject, compileSystem, everyObject } from '../../src/pipeline/compile.js';
import { accept, worldOf } from './support.js';

type Json = Record<string, unknown>;

interface Count {
  readonly flows: number;
  readonly groups: number;
}

function count(put: readonly Json[]): Count {
  const world = worldOf(accept(emptyState(), put));
  const batch = new Batch();
  compileSystem(batch, world);
  for (const object of everyObject(world)) compileObject(batch, world, object);
  return { flows: batch.flowCount, groups: batch.groupCount };
}

/** How many more flows and groups each of `make(0)`, `make(1)`, … brings to `base`. */
function slope(base: readonly Json[], make: (n: number) => Json | Json[]): Count {
  const at = (n: number) => count([...base, ...Array.from({ length: n }, (_, i) => make(i)).flat()]);
  const [few, more, most] = [at(4), at(8), at(16)];
  expect({ flows: (most.flows - more.flows) / 2, groups: (most.groups - more.groups) / 2 }).toEqual({
    flows: more.flows - few.flows,
    groups: more.groups - few.groups,
  });
  return { flows: (more.flows - few.flows) / 4, groups: (more.groups - few.groups) / 4 };
}

const blue = { tenant: 'blue' };
const hex = (n: number): string => n.toString(16).padStart(2, '0');
const mac = (n: number): string => `02:00:00:${hex(n >> 16)}:${hex((n >> 8) & 255)}:${hex(n & 255)}`;
const network = (name: string, fields: Json): Json => ({ kind: 'network', ...blue, name, ...fields });
const endpoint = (n: number, fields: Json = {}): Json => ({
  kind: 'endpoint',
  id: `e${n}`,
  ...blue,
  network: 'over',
  mac: mac(n),
  ipv4: `10.1.${n >> 8}.${(n & 255) + 1}`,
  ...fields,
});
const here = (n: number): Json => ({ interface: `e${n}` });
const there = { vtepIp: '172.31.0.2' };
const six = (n: number): Json => ({ ipv6: [`fd00:1::${(n + 1).toString(16)}`] });

const base: readonly Json[] = [
  { kind: 'settings', vtepIp: '172.31.0.1', vlanInterfaces: ['eth1'] },
  { kind: 'peer', vtepIp: '172.31.0.2' },
  { kind: 'tenant', name: 'blue' },
  network('over', { vni: 1, subnet: '10.1.0.0/16', ipv6Subnet: 'fd00:1::/64' }),
  network('routed', { vni: 2, subnet: '10.2.0.0/16', gateway: '10.2.255.254', forwarding: 'routing' }),
  network('lan', { encap: 'vlan', vlan: 100, subnet: '10.3.0.0/16' }),
  { kind: 'policy', ...blue, name: 'p' },
  { kind: 'group', ...blue, name: 'g', policies: ['p'] },
  endpoint(1000, { ...here(1000), ...six(1000) }),
  endpoint(1001, { ...there, ...six(1001) }),
];

const rule = (n: number, fields: Json = {}): Json => ({
  kind: 'rule',
  ...blue,
  policy: 'p',
  id: `${n}`,
  direction: 'in',
  action: 'allow',
  protocol: 'tcp',
  ports: [n + 1],
  ...fields,
});
const service = (fields: Json): Json => ({
  kind: 'service',
  ...blue,
  name: 's',
  network: 'over',
  ips: ['10.1.250.1'],
  ports: [80],
  ...fields,
});

/** A service that provides each of `n` endpoints; the endpoints are there either way. */
function providerSlope(where: (n: number) => Json): Count {
  const endpoints = Array.from({ length: 16 }, (_, n) => endpoint(n, where(n)));
  const at = (n: number) =>
    count([...base, ...endpoints, service({ providers: Array.from({ length: n }, (_, i) => `e${i}`) })]);
  const [few, more, most] = [at(4), at(8), at(16)];
  expect(most.flows - more.flows).toBe(2 * (more.flows - few.flows));
  return { flows: (more.flows - few.flows) / 4, groups: (more.groups - few.groups) / 4 };
}

/** One service whose ports are `n`, so that the cost of one is a slope. */
function portSlope(ips: readonly string[]): Count {
  const at = (n: number) =>
    count([
      ...base,
      service({ ips, ports: Array.from({ length: n }, (_, i) => i + 1), providers: ['e1000', 'e1001'] }),
    ]);
  const [few, more] = [at(4), at(8)];
  return { flows: (more.flows - few.flows) / 4, groups: (more.groups - few.groups) / 4 };
}

const slopes: readonly (readonly [what: string, cost: Count, besides?: string])[] = [
  ['endpoint here, VXLAN, IPv4', slope(base, (n) => endpoint(n, here(n)))],
  [
    '… and each IPv6 address',
    difference(
      slope(base, (n) => endpoint(n, { ...here(n), ...six(n) })),
      slope(base, (n) => endpoint(n, here(n))),
    ),
  ],
  ['endpoint behind a peer, VXLAN, IPv4', slope(base, (n) => endpoint(n, there))],
  [
    '… and each IPv6 address',
    difference(
      slope(base, (n) => endpoint(n, { ...there, ...six(n) })),
      slope(base, (n) => endpoint(n, there)),
    ),
  ],
  ['… in a routed network', slope(base, (n) => endpoint(n, { ...there, network: 'routed', ipv4: `10.2.0.${n + 1}` }))],
  ['endpoint elsewhere on a VLAN, IPv4', slope(base, (n) => endpoint(n, { network: 'lan', ipv4: `10.3.0.${n + 1}` }))],
  [
    'peer',
    slope(base, (n) => ({ kind: 'peer', vtepIp: `172.31.1.${n + 1}` })),
    'one copy in the flood of each network with members there',
  ],
  ['network, VXLAN', slope(base, (n) => network(`x${n}`, { vni: 100 + n }))],
  [
    'network, VXLAN, routed',
    slope(base, (n) =>
      network(`x${n}`, {
        vni: 100 + n,
        forwarding: 'routing',
        subnet: `10.${100 + n}.0.0/24`,
        gateway: `10.${100 + n}.0.254`,
      }),
    ),
  ],
  ['network, VLAN', slope(base, (n) => network(`x${n}`, { encap: 'vlan', vlan: 200 + n }))],
  ['group without policies', slope(base, (n) => ({ kind: 'group', ...blue, name: `g${n}` }))],
  [
    'group with policies that another one has, too',
    slope(base, (n) => ({ kind: 'group', ...blue, name: `g${n}`, policies: ['p'] })),
  ],
  [
    'group with a VLAN of its own',
    slope(base, (n) => ({ kind: 'group', ...blue, name: `g${n}`, network: 'lan', vlan: 300 + n })),
  ],
  [
    'group with a VNI of its own',
    slope(base, (n) => ({ kind: 'group', ...blue, name: `g${n}`, network: 'over', vni: 300 + n })),
  ],
  ['rule with a port, in one policy set', slope(base, (n) => rule(n))],
  [
    '… and each further CIDR',
    difference(
      slope(base, (n) => rule(n, { peer: { cidrs: [`10.9.${n}.0/24`, `10.8.${n}.0/24`] } })),
      slope(base, (n) => rule(n, { peer: { cidrs: [`10.9.${n}.0/24`] } })),
    ),
  ],
  [
    'service of one VIP and one port',
    slope(base, (n) => service({ name: `s${n}`, ips: [`10.1.251.${n + 1}`], providers: ['e1001'] })),
  ],
  ['… each further port, one family', portSlope(['10.1.250.1'])],
  ['… each further port, both families', portSlope(['10.1.250.1', 'fd00:1::250'])],
  ['… each provider behind a peer', providerSlope(() => there), 'one bucket in each port’s group'],
  ['… each provider here', providerSlope(here), 'one bucket in each port’s group'],
];

function difference(a: Count, b: Count): Count {
  return { flows: a.flows - b.flows, groups: a.groups - b.groups };
}

/** The example of the ofnet formulas: 200 hosts of 50 pods, 20 routed networks, 500 groups of 20 rules. */
function contivExample(): { readonly part: string; readonly flows: number }[] {
  const hosts = 200;
  const [perHost, networks, groups, rules] = [50, 20, 500, 20];
  const put: Json[] = [
    { kind: 'settings', vtepIp: '172.31.0.1' },
    { kind: 'tenant', name: 'blue' },
    ...Array.from({ length: hosts - 1 }, (_, h) => ({
      kind: 'peer',
      vtepIp: `172.31.${(h + 2) >> 8}.${(h + 2) & 255}`,
    })),
    ...Array.from({ length: networks }, (_, n) =>
      network(`n${n}`, { vni: n + 1, forwarding: 'routing', subnet: `10.${n}.0.0/16`, gateway: `10.${n}.255.254` }),
    ),
  ];
  for (let g = 0; g < groups; g++) {
    put.push(
      { kind: 'policy', ...blue, name: `p${g}` },
      { kind: 'group', ...blue, name: `g${g}`, policies: [`p${g}`] },
    );
    for (let r = 0; r < rules; r++) put.push(rule(r, { policy: `p${g}`, peer: { group: `g${(g + r + 1) % groups}` } }));
  }
  for (let n = 0; n < hosts * perHost; n++) {
    const host = Math.floor(n / perHost);
    const where = host === 0 ? here(n) : { vtepIp: `172.31.${(host + 1) >> 8}.${(host + 1) & 255}` };
    const k = Math.floor(n / networks);
    const ipv4 = `10.${n % networks}.${1 + Math.floor(k / 200)}.${1 + (k % 200)}`;
    put.push(endpoint(n, { network: `n${n % networks}`, group: `g${n % groups}`, ipv4, ...where }));
  }
  const world = worldOf(accept(emptyState(), put));
  const flows = new Map<string, number>();
  for (const object of everyObject(world)) {
    const batch = new Batch();
    compileObject(batch, world, object);
    flows.set(object.kind, (flows.get(object.kind) ?? 0) + batch.flowCount);
  }
  return [...flows].map(([part, n]) => ({ part, flows: n }));
}

test('docs/scale.md says what objects cost', async () => {
  const example = new Map(contivExample().map(({ part, flows }) => [part, flows]));
  const n = (flows: number | undefined): string => (flows ?? 0).toLocaleString('en');
  const of = (...parts: string[]): number => parts.reduce((sum, part) => sum + (example.get(part) ?? 0), 0);
  const all = [...example.values()].reduce((sum, flows) => sum + flows, 0);
  const rows = slopes.map(
    ([what, { flows, groups }, besides = '']) => `| ${what} | ${flows} | ${groups === 0 ? '' : groups} | ${besides} |`,
  );
  const text = `# Scale

Written by \`test/pipeline/scale.test.ts\` (\`npx vitest run -u --config test/vitest.config.ts test/pipeline/scale.test.ts\`); do not edit.

What one more object of a kind costs on every host that knows it, measured by compiling 4, 8 and 16 of them: each doubling costs
exactly twice as much. Nothing is a product of two kinds, but rules with the policy sets that contain them.

| one more | flows | OpenFlow groups | besides |
| --- | --- | --- | --- |
${rows.join('\n')}

A rule costs its flows once for each *policy set* (distinct list of policies and default among the groups) that contains it, times its
blocks of ports, times its CIDRs. A service of more than 500 providers has a group for each of them and port besides; 2,500 providers are
the most that fit into one message. A network of more than 1,000 local members, or with members behind more than 1,000 peers, has one flow more for each
1,000 of either.

## Contiv's example

200 hosts of 50 pods, 20 routed networks, 500 groups with 20 rules each, on one host. Contiv's numbers follow from ofnet's sources:
2 flows a remote endpoint, 3 a local one, for each peer one and one a network, and each rule on both of its bridges.

| | Contiv | Sluice |
| --- | --- | --- |
| endpoints | ${n(3 * 50 + 2 * 9950)} | ${n(of('endpoint'))} |
| peers and networks | ${n(199 * 21)} | ${n(of('peer', 'network'))} |
| groups and rules | ${n(2 * 10_000)} | ${n(of('group', 'rule'))} |
| all | ${n(3 * 50 + 2 * 9950 + 199 * 21 + 2 * 10_000)} | ${n(all)} |

Contiv's flows of an endpoint know IPv4 only, and one direction of policy, judged at the sender. Here an endpoint's flows also answer ARP
in the switch, where Contiv asks its agent; name the sender's group at the receiving host, where it is judged again; and know its IPv6
link-local address.
`;
  await expect(text).toMatchFileSnapshot('../../docs/scale.md');
}, 60_000);
