/**
 * Services on a real vswitchd: large ones are taken and read back as they were sent, connections are spread evenly, and
 * a change of providers moves as few clients as can be. The dummy datapath takes thousands of SYNs at once.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { formatIpv4 } from '../../src/model/index.js';
import { startHost, type Host } from './bench-host.js';

let host: Host;
afterEach(async () => {
  await host?.stop();
});

const vip = '10.1.200.1';
const providerIp = (n: number): string => formatIpv4(0x0a010001 + n);
const mac = (n: number): string =>
  `02:00:00:01:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
const clientMac = '02:00:00:00:00:01';

const objects = (providers: number): Record<string, unknown>[] => [
  { kind: 'peer', vtepIp: '172.31.0.2' },
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'n', vni: 1, subnet: '10.1.0.0/16' },
  ...Array.from({ length: providers }, (_, n) => ({
    kind: 'endpoint',
    id: `p${n}`,
    tenant: 'blue',
    network: 'n',
    mac: mac(n),
    ipv4: providerIp(n),
    vtepIp: '172.31.0.2',
  })),
  // One interface that may send from many addresses stands for many clients.
  {
    kind: 'endpoint',
    id: 'client',
    tenant: 'blue',
    network: 'n',
    mac: clientMac,
    ipv4: '10.1.100.1',
    allowedAddresses: [{ ip: '10.9.0.0/16' }],
    interface: 'client',
  },
];

const service = (providers: number, fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  kind: 'service',
  tenant: 'blue',
  name: 's',
  network: 'n',
  ips: [vip],
  ports: ['80:8080:TCP'],
  providers: Array.from({ length: providers }, (_, n) => `p${n}`),
  ...fields,
});

async function serve(providers: number, fields: Record<string, unknown> = {}): Promise<void> {
  host = await startHost();
  await host.controller.apply({ put: [...objects(providers), service(providers, fields)] }, 'accepted');
  await host.sandbox.vsctl(
    '--may-exist',
    'add-port',
    'br-sluice',
    'client',
    '--',
    'set',
    'interface',
    'client',
    'type=dummy',
  );
  await expect.poll(() => host.controller.status({ kind: 'endpoint', key: 'client' }).state).toBe('committed');
  await host.controller.settled();
}

interface Syn {
  readonly source: string;
  readonly port: number;
}

async function send(syns: readonly Syn[]): Promise<void> {
  for (let at = 0; at < syns.length; at += 50) {
    const frames = syns
      .slice(at, at + 50)
      .map(
        ({ source, port }) =>
          `in_port(1),eth(src=${clientMac},dst=02:73:6c:75:69:63),eth_type(0x0800),ipv4(src=${source},dst=${vip},proto=6,tos=0,ttl=64,frag=no),tcp(src=${port},dst=80),tcp_flags(syn)`,
      );
    await host.sandbox.appctl('netdev-dummy/receive', 'client', ...frames);
  }
}

/** Sends SYNs to the VIP; answers who got each, by `source:port`. */
async function providersOf(syns: readonly Syn[]): Promise<Map<string, string>> {
  await host.sandbox.appctl('dpctl/flush-conntrack');
  const zone = [...host.controller.state.tenants][0]!.zone | 0x8000;
  const entries = async (): Promise<Map<string, string>> => {
    const dump = await host.sandbox.appctl('dpctl/dump-conntrack', `zone=${zone}`);
    const found = dump.matchAll(/orig=\(src=([\d.]+),[^)]*sport=(\d+)[^)]*\),reply=\(src=([\d.]+)/g);
    return new Map([...found].map(([, source, port, provider]) => [`${source}:${port}`, provider!]));
  };
  // A dummy port has room for 100 frames and drops the rest: those are sent again, as a client would.
  let seen = await entries();
  await expect
    .poll(
      async () => {
        await send(syns.filter(({ source, port }) => !seen.has(`${source}:${port}`)));
        seen = await entries();
        return seen.size;
      },
      { timeout: 20_000 },
    )
    .toBe(syns.length);
  return seen;
}

const fromOne = (count: number): Syn[] =>
  Array.from({ length: count }, (_, i) => ({ source: '10.9.0.1', port: 20_000 + i }));
const fromMany = (count: number): Syn[] =>
  Array.from({ length: count }, (_, i) => ({ source: formatIpv4(0x0a090000 + 7 * i + 1), port: 20_000 + (i % 100) }));

/** Σ (seen − expected)² / expected: about as large as there are providers, when connections fall on them by chance. */
function chiSquare(chosen: Map<string, string>, providers: number): number {
  const expected = chosen.size / providers;
  const seen = new Map<string, number>();
  for (const provider of chosen.values()) seen.set(provider, (seen.get(provider) ?? 0) + 1);
  let sum = (providers - seen.size) * expected;
  for (const count of seen.values()) sum += (count - expected) ** 2 / expected;
  return sum;
}

describe('spread', () => {
  // Bounds of six standard deviations: with n providers, n − 1 + 6 √(2 (n − 1)).
  test.each([
    [3, 1500],
    [9, 2700],
    [40, 4000],
  ])('over %i providers, of %i connections of one client', async (providers, connections) => {
    await serve(providers);
    const chosen = await providersOf(fromOne(connections));
    const freedom = providers - 1;
    expect(chiSquare(chosen, providers)).toBeLessThan(freedom + 6 * Math.sqrt(2 * freedom));
  });

  test('affinity clientIp: over 9 providers, of 2,700 clients', async () => {
    await serve(9, { affinity: 'clientIp' });
    const chosen = await providersOf(fromMany(2700));
    expect(chiSquare(chosen, 9)).toBeLessThan(8 + 6 * Math.sqrt(16));
  });
});

describe('affinity clientIp', () => {
  const moves = (before: Map<string, string>, after: Map<string, string>): [from: string, to: string][] =>
    [...before].filter(([who, from]) => after.get(who) !== from).map(([who, from]) => [from, after.get(who)!]);

  test('a new provider takes its share of the clients from the others, and no client moves otherwise', async () => {
    await serve(9, { affinity: 'clientIp' });
    const eight = service(8, { affinity: 'clientIp' });
    await host.controller.apply({ put: [eight] }, 'effective');
    const clients = fromMany(900);
    const before = await providersOf(clients);
    await host.controller.apply({ put: [service(9, { affinity: 'clientIp' })] }, 'effective');
    const moved = moves(before, await providersOf(clients));
    expect(new Set(moved.map(([, to]) => to))).toEqual(new Set([providerIp(8)]));
    // A ninth of 900, and four standard deviations.
    expect(moved.length).toBeLessThan(100 + 4 * Math.sqrt((900 * 8) / 81));
    await host.controller.apply({ put: [eight] }, 'effective');
    const back = await providersOf(clients);
    expect(moves(before, back)).toEqual([]);
  });

  test('all connections of a client go to one provider', async () => {
    await serve(9, { affinity: 'clientIp' });
    expect(new Set((await providersOf(fromOne(300))).values()).size).toBe(1);
  });
});

describe('1,200 providers', () => {
  test('are taken by the switch and spread over, and a daemon started again sends nothing', async () => {
    await serve(1200);
    const status = () => host.controller.status({ kind: 'service', key: 'blue/s' });
    expect(status()).toMatchObject({ state: 'committed', problems: [] });
    const dump = () => host.sandbox.ofctl(['dump-groups', 'br-sluice']);
    const before = await dump();
    expect(before.match(/type=indirect/g)).toHaveLength(1200);
    expect(before.match(/actions=group:/g)).toHaveLength(1200);
    expect(chiSquare(await providersOf(fromOne(6000)), 1200)).toBeLessThan(1199 + 6 * Math.sqrt(2 * 1199));
    host = await host.restart();
    expect(host.events.filter(({ type }) => type === 'resynced').at(-1)?.fields?.['sent']).toBe(0);
    expect((await dump()).split('\n').toSorted()).toEqual(before.split('\n').toSorted());
  }, 60_000);

  test('one more sends little more than itself', async () => {
    await serve(1201);
    await host.controller.apply({ put: [service(1200)] }, 'committed');
    const { commit } = await host.controller.apply({ put: [service(1201)] }, 'committed');
    // Its own group, the one that chooses, its route; and groups whose numbers were taken by it.
    expect(commit!.messages).toBeLessThan(20);
  }, 60_000);
});

test('the largest service that the model takes, the switch takes', async () => {
  await serve(2500);
  expect(host.controller.status({ kind: 'service', key: 'blue/s' })).toMatchObject({
    state: 'committed',
    problems: [],
  });
  expect((await host.sandbox.ofctl(['dump-groups', 'br-sluice'])).match(/actions=group:/g)).toHaveLength(2500);
}, 60_000);

test('no provider left and the daemon away: a counted drop', async () => {
  await serve(0);
  await host.controller.stop();
  await send(fromOne(10));
  const counted = async () =>
    /n_packets=(\d+).*ct_tp_dst=80,/.exec(await host.sandbox.ofctl(['dump-flows', 'br-sluice']))?.[1];
  await expect.poll(counted).toBe('10');
});

test('services and their deletion leave no group behind', async () => {
  await serve(3);
  const many = Array.from({ length: 50 }, (_, i) => service(3, { name: `s${i}`, ips: [`10.1.201.${i + 1}`] }));
  const groups = async () => (await host.sandbox.ofctl(['dump-groups', 'br-sluice'])).match(/group_id=/g)?.length ?? 0;
  await host.controller.apply({ put: many }, 'committed');
  expect(await groups()).toBe(51);
  await host.controller.apply(
    { delete: many.map(({ name }) => ({ kind: 'service', key: `blue/${String(name)}` })) },
    'committed',
  );
  expect(await groups()).toBe(1);
  await host.controller.apply({ delete: [{ kind: 'service', key: 'blue/s' }] }, 'committed');
  expect(await groups()).toBe(0);
});
