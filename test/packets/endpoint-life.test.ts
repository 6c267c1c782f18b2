/**
 * The life of an endpoint, by packets: before or after its device, another ofport, another group, and the port that it leaves.
 * Neighbours: moves.test.ts moves endpoints between hosts.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until, type Workload } from '../../src/sandbox/index.js';
import { buildOverlay, vteps, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const blue = { tenant: 'blue' };
const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', ...blue, name: 'over', vni: 5001, subnet: '10.1.1.0/24' },
  { kind: 'policy', ...blue, name: 'closed' },
  { kind: 'policy', ...blue, name: 'open' },
  ...(['closed', 'open'] as const).map((policy) => ({
    ...{ kind: 'rule', ...blue, policy, id: '1', direction: 'in', protocol: 'tcp', ports: [8080] },
    action: policy === 'open' ? 'allow' : 'deny',
  })),
  { kind: 'group', ...blue, name: 'closed', policies: ['closed'] },
  { kind: 'group', ...blue, name: 'open', policies: ['open'] },
];

const addresses = (n: number) => ({ mac: `02:00:00:00:01:${String(n).padStart(2, '0')}`, ipv4: `10.1.1.${n}` });
const endpoint = (id: string, n: number, where: object) => ({
  ...{ kind: 'endpoint', id, ...blue, network: 'over' },
  ...addresses(n),
  ...where,
});
const places = [
  { id: 'c', host: 0, ...blue, network: 'over', ...addresses(1) },
  { id: 'd', host: 1, ...blue, network: 'over', ...addresses(2) },
] as const;

describe.skipIf(!root)('an endpoint', () => {
  let overlay: Overlay;
  let client: Workload;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    client = overlay.workload('c');
    await client.waitForPing('10.1.1.2');
  });
  afterAll(async () => {
    await overlay?.stop();
  });

  const device = (host: 0 | 1, name: string, n: number): Promise<Workload> => {
    const { mac, ipv4 } = addresses(n);
    return overlay.lab.workload(overlay.hosts[host], { name, interface: name, mac, ipv4: `${ipv4}/24` });
  };
  const put = (host: 0 | 1, ...some: object[]) => overlay.daemons[host].apply({ put: some }, 'effective');
  const state = (id: string) => overlay.daemons[0].status({ kind: 'endpoint', key: id }).state;
  const vsctl = (...args: string[]) => overlay.hosts[0].sandbox.vsctl(...args);
  const ofport = async (name: string) => Number(await vsctl('get', 'interface', name, 'ofport'));

  test('that is stated before its device is there waits, and is reached when it appears', async () => {
    await put(0, endpoint('early', 11, { interface: 'early' }));
    expect(state('early')).toBe('waiting');
    expect(await client.ping('10.1.1.2', { count: 2 })).toMatchObject({ received: 2 });
    await device(0, 'early', 11);
    await client.waitForPing('10.1.1.11');
    expect(state('early')).toBe('committed');
  });

  test('whose device was there before is reached when it is stated, and not before', async () => {
    const late = await device(0, 'late', 12);
    expect(await late.ping('10.1.1.1', { count: 2 })).toMatchObject({ received: 0 });
    await put(0, endpoint('late', 12, { interface: 'late' }));
    await client.waitForPing('10.1.1.12');
  });

  test('whose port gets another number goes on talking', async () => {
    await device(0, 'moved', 13);
    await put(0, endpoint('moved', 13, { interface: 'moved' }));
    await client.waitForPing('10.1.1.13');
    const before = await ofport('moved');
    const pings = client.startPing('10.1.1.13', { intervalMs: 10 });
    await until('pings are answered', () => pings.received > 20);
    await vsctl('set', 'interface', 'moved', 'ofport_request=99');
    await expect.poll(() => ofport('moved'), { timeout: 10_000 }).toBe(99);
    expect(before).not.toBe(99);
    const since = pings.received;
    await until('pings are answered again', () => pings.received > since + 50);
    const { lost } = await pings.stop();
    // vswitchd takes the port out and puts it back; the flows follow within a round.
    expect(lost).toBeLessThan(100);
  });

  test('that changes its group is judged as the other one from the next packet on, on both hosts', async () => {
    const member = await device(1, 'g', 15);
    const tell = (group: string) =>
      Promise.all([
        put(0, endpoint('g', 15, { group, vtepIp: vteps[1] })),
        put(1, endpoint('g', 15, { group, interface: 'g' })),
      ]);
    await tell('closed');
    await client.waitForPing('10.1.1.15');
    const server = await member.serve(8080, { pushEveryMs: 5 });
    expect(await client.connect('10.1.1.15', 8080, 500)).toBe('timeout');
    await tell('open');
    const stream = await client.subscribe('10.1.1.15', 8080);
    await stream.waitForBytes(1000);
    await tell('closed');
    expect(await stream.waitForSilence(500)).toBeLessThan(500);
    await tell('open');
    await stream.waitForBytes(1000);
    await Promise.all([stream.close(), server.close()]);
  });

  test('that takes the port number of one that is gone has nothing of it', async () => {
    const first = await device(0, 'first', 16);
    await put(0, endpoint('first', 16, { interface: 'first', group: 'open' }));
    await client.waitForPing('10.1.1.16');
    const port = await ofport('first');
    const second = await device(0, 'second', 17);
    await overlay.daemons[0].apply(
      {
        delete: [{ kind: 'endpoint', key: 'first' }],
        put: [endpoint('second', 17, { interface: 'second', group: 'closed' })],
      },
      'effective',
    );
    await vsctl('set', 'interface', 'second', `ofport_request=${port}`);
    await expect.poll(() => ofport('second'), { timeout: 10_000 }).toBe(port);
    await client.waitForPing('10.1.1.17');
    // Not the addresses of the first, and not its group.
    expect(await client.ping('10.1.1.16', { count: 2 })).toMatchObject({ received: 0 });
    await second.addAddress('10.1.1.16/24');
    expect(await second.ping('10.1.1.1', { count: 2, source: '10.1.1.16' })).toMatchObject({ received: 0 });
    const server = await second.listen(8080);
    expect(await client.connect('10.1.1.17', 8080, 500)).toBe('timeout');
    await server.close();
    expect(await first.ping('10.1.1.1', { count: 2 })).toMatchObject({ received: 0 });
  });

  test('that changes places with another, in one request, keeps its addresses to itself', async () => {
    const [x, y] = [await device(0, 'x', 18), await device(0, 'y', 19)];
    await put(0, endpoint('x', 18, { interface: 'x' }), endpoint('y', 19, { interface: 'y' }));
    await Promise.all([client.waitForPing('10.1.1.18'), client.waitForPing('10.1.1.19')]);
    await put(0, endpoint('x', 18, { interface: 'y' }), endpoint('y', 19, { interface: 'x' }));
    expect(await x.ping('10.1.1.1', { count: 2 })).toMatchObject({ received: 0 });
    expect(await y.ping('10.1.1.1', { count: 2 })).toMatchObject({ received: 0 });
    await put(0, endpoint('x', 18, { interface: 'x' }), endpoint('y', 19, { interface: 'y' }));
    await Promise.all([client.waitForPing('10.1.1.18'), client.waitForPing('10.1.1.19')]);
  });
});
