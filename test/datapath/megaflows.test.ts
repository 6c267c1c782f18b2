/**
 * What the datapath's cache holds after four kinds of traffic: how many megaflows, in how many masks, matching what.
 * Neighbours: docs/megaflows.md tells operators the same numbers.
 * Invariant: a packet matches nothing that its verdict did not need; a cache of one flow a connection would be none.
 */
import { afterEach, expect, test } from 'vitest';
import { startHost, type Host } from './bench-host.js';

let host: Host;
afterEach(async () => {
  await host?.stop();
});

const clients = 20;
const server = 0;

const mac = (n: number): string => `02:00:00:00:01:${n.toString(16).padStart(2, '0')}`;
const ipv4 = (n: number): string => `10.1.1.${n + 1}`;
const port = (n: number): string => `e${n}`;

const tenant = { tenant: 'blue' };
const objects: readonly Record<string, unknown>[] = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', ...tenant, name: 'front', encap: 'vxlan', vni: 5001, subnet: '10.1.1.0/24' },
  { kind: 'policy', ...tenant, name: 'web' },
  {
    kind: 'rule',
    ...tenant,
    policy: 'web',
    id: '1',
    direction: 'in',
    protocol: 'tcp',
    ports: [80, 443],
    action: 'allow',
  },
  { kind: 'group', ...tenant, name: 'servers', policies: ['web'], defaultAction: 'deny' },
  { kind: 'group', ...tenant, name: 'clients' },
  ...Array.from({ length: clients + 1 }, (_, n) => ({
    kind: 'endpoint',
    id: port(n),
    ...tenant,
    network: 'front',
    group: n === server ? 'servers' : 'clients',
    mac: mac(n),
    ipv4: ipv4(n),
    interface: port(n),
  })),
];

async function hostWithPorts(): Promise<Host> {
  const made = await startHost();
  await made.controller.apply({ put: objects }, 'accepted');
  const rows = Array.from({ length: clients + 1 }, (_, n) => [
    ...['--', '--may-exist', 'add-port', 'br-sluice', port(n)],
    ...['--', 'set', 'interface', port(n), 'type=dummy'],
  ]).flat();
  await made.sandbox.vsctl(...rows.slice(1));
  await expect.poll(() => made.controller.status({ kind: 'endpoint', key: port(clients) }).state).toBe('committed');
  await made.controller.settled();
  return made;
}

/** A SYN of a client to the server, or to somebody else. */
async function syn(
  client: number,
  tpSrc: number,
  tpDst: number,
  to = { mac: mac(server), ipv4: ipv4(server) },
): Promise<void> {
  const frame = [
    `eth(src=${mac(client)},dst=${to.mac}),eth_type(0x0800)`,
    `ipv4(src=${ipv4(client)},dst=${to.ipv4},proto=6,tos=0,ttl=64,frag=no)`,
    `tcp(src=${tpSrc},dst=${tpDst}),tcp_flags(syn)`,
  ].join(',');
  await host.sandbox.appctl('netdev-dummy/receive', port(client), `in_port(1),${frame}`);
}

interface Megaflow {
  /** `field` or `field/mask` of everything that is matched, in the datapath's words; values left out. */
  readonly mask: string;
  readonly actions: string;
}

const always = /^(ufid|recirc_id|packet_type|eth_type|packets|bytes|used|flags|dp|dp-extra-info|frag)$/;

/** What a megaflow matches, as `field` or `field/mask`; what is wildcarded, and what every megaflow has, is left out. */
function maskOf(line: string): string {
  const matched: string[] = [];
  const take = (name: string, value: string): void => {
    const [, mask] = value.split('/');
    if (always.test(name) || (mask !== undefined && /^[0:.x]+$/.test(mask))) return;
    matched.push(mask === undefined ? name : `${name}/${mask}`);
  };
  for (const [, name = '', inside = ''] of line.matchAll(/([a-z_0-9-]+)\(([^()]*)\)/g)) {
    if (!inside.includes('=')) take(name, inside);
    else for (const part of inside.split(',')) take(`${name}.${part.split('=')[0]}`, part.split('=')[1] ?? '');
  }
  return matched.filter((each) => !/\.(ns|frag)$/.test(each) && !/packet_type/.test(each)).join(' ');
}

async function megaflows(): Promise<Megaflow[]> {
  const text = await host.sandbox.appctl('dpctl/dump-flows', '-m');
  return text
    .split('\n')
    .filter((line) => line.startsWith('ufid:'))
    .map((line) => {
      const [match = '', actions = ''] = line.split(', actions:');
      return { mask: maskOf(match), actions: actions.split(', dp-extra')[0] ?? '' };
    });
}

const first = 'in_port eth.src eth.dst ipv4.src ipv4.dst/128.0.0.0 ipv4.proto';
/** new, rel, rpl, inv and trk; that it is new matters to the commit, and to later fragments, which wait for the first. */
const judged = 'ct_state/0x3d ct_tuple4.proto ct_tuple4.tp_dst in_port';

test('one pair, many connections to one port: one megaflow before the verdict and one after', async () => {
  host = await hostWithPorts();
  for (let n = 0; n < 50; n++) await syn(1, 20_000 + n * 7, 80);
  const flows = await megaflows();
  expect(flows.map(({ mask }) => mask).toSorted()).toEqual([judged, first]);
});

test('many clients of one server: two megaflows a client, in two masks', async () => {
  host = await hostWithPorts();
  for (let n = 1; n <= clients; n++) await syn(n, 30_000 + n, 443);
  const flows = await megaflows();
  expect(flows).toHaveLength(2 * clients);
  expect(new Set(flows.map(({ mask }) => mask))).toEqual(new Set([first, judged]));
});

test('a denied scan: one megaflow a port, since the port is what denies; one mask, nothing of the scanner’s port', async () => {
  host = await hostWithPorts();
  const ports = 100;
  for (let n = 0; n < ports; n++) await syn(1, 40_000 + n, 1000 + n * 13);
  const flows = await megaflows();
  expect(flows.filter(({ actions }) => actions === 'drop')).toHaveLength(ports);
  expect(flows).toHaveLength(ports + 1);
  expect(new Set(flows.map(({ mask }) => mask))).toEqual(new Set([first, judged]));
});

test('many clients of a service: the cache grows with clients, not with their ports', async () => {
  host = await hostWithPorts();
  const ports = [{ port: 80, targetPort: 80, protocol: 'tcp' }];
  const vip = { mac: '02:73:6c:75:69:63', ipv4: '10.1.1.200' };
  const providers = [port(server)];
  const service = { kind: 'service', ...tenant, name: 'www', network: 'front', ips: [vip.ipv4], ports, providers };
  await host.controller.apply({ put: [service] }, 'effective');
  for (let n = 1; n <= clients; n++) await syn(n, 30_000 + n, 80, vip);
  const once = await megaflows();
  for (let n = 1; n <= clients; n++) await syn(n, 31_000 + n, 80, vip);
  const twice = await megaflows();
  expect([once.length, twice.length]).toEqual([4 * clients, 4 * clients]);
  for (const { mask } of twice) expect(mask).not.toContain('tp_src');
});

test('routed and measured: one megaflow before the verdict for packets that fit and for those that do not', async () => {
  host = await hostWithPorts();
  const routed = { ...tenant, kind: 'network', encap: 'vxlan', forwarding: 'routing' };
  const networks = [
    { ...routed, name: 'front', vni: 5001, subnet: '10.1.1.0/24', gateway: '10.1.1.254' },
    { ...routed, name: 'back', vni: 5002, subnet: '10.2.1.0/24', gateway: '10.2.1.254' },
  ];
  const there = { kind: 'endpoint', id: 'there', ...tenant, network: 'back', mac: mac(200), ipv4: '10.2.1.1' };
  await host.controller.apply({ put: [...networks, { ...there, interface: 'there' }] }, 'accepted');
  await host.sandbox.vsctl(
    '--may-exist',
    'add-port',
    'br-sluice',
    'there',
    '--',
    'set',
    'interface',
    'there',
    'type=dummy',
  );
  await expect.poll(() => host.controller.status({ kind: 'endpoint', key: 'there' }).state).toBe('committed');
  await host.controller.settled();
  const gateway = { mac: '02:73:6c:75:69:63', ipv4: '10.2.1.1' };
  for (let n = 0; n < 50; n++) await syn(1, 20_000 + n * 7, 80, gateway);
  const flows = await megaflows();
  expect(flows).toHaveLength(2);
  expect(
    flows.filter(({ actions }) => /check_pkt_len\(size=1464,gt\(.*controller.*\),le\(.*ct.*\)\)/.test(actions)),
  ).toHaveLength(1);
  for (const { mask } of flows) expect(mask).not.toMatch(/tp_src|tcp/);
});
