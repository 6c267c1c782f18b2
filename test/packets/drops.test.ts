/**
 * Drops counted by reason, with real packets; and the packets of an object in its status.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DatapathController } from '../../src/datapath/controller.js';
import { memoryStore } from '../../src/store/index.js';
import { clock, silent } from '../support/quiet.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, subnet: '10.1.1.0/24' },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  { kind: 'rule', tenant: 'blue', policy: 'guard', id: '1', direction: 'in', action: 'allow', protocol: 'icmp' },
  {
    kind: 'rule',
    tenant: 'blue',
    policy: 'guard',
    id: '2',
    direction: 'in',
    action: 'deny',
    protocol: 'udp',
    priority: 7,
  },
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'], defaultAction: 'deny' },
];
const place = (id: string, host: 0 | 1, n: number, group?: string) => ({
  id,
  host,
  tenant: 'blue',
  network: 'over',
  ...(group === undefined ? {} : { group }),
  mac: `02:00:00:00:01:0${n}`,
  ipv4: `10.1.1.${n}`,
});
const places = [place('a', 0, 1), place('b', 0, 2, 'servers')];
const mac = (n: number) => [2, 0, 0, 0, 1, n];

describe.skipIf(!root)('drops', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, places);
    await overlay.workload('a').waitForPing('10.1.1.2');
  });
  afterAll(async () => {
    await overlay?.stop();
  });

  const counted = async () => {
    const drops = await overlay.daemons[0].drops();
    return { drops, packets: new Map(drops.map(({ reason, packets }) => [reason, packets])) };
  };
  /** Packets that appear in the counters for what `send` sends; the switch reports them a little later. */
  async function grows(reason: string, send: () => Promise<unknown>): Promise<void> {
    const before = (await counted()).packets.get(reason)!;
    await send();
    await expect
      .poll(async () => (await counted()).packets.get(reason), { timeout: 5000 })
      .toBeGreaterThanOrEqual(before + 3);
  }
  const frame = (bytes: readonly number[]) => () =>
    overlay.workload('a').sendFrame(new Uint8Array([...bytes, ...Array<number>(60 - bytes.length).fill(0)]), 3);

  test('spoof, tagged, ethertype are counted apart', async () => {
    await grows('spoof', frame([...mac(2), 2, 9, 9, 9, 9, 9, 0x08, 0x06]));
    await grows('tagged', frame([...mac(2), ...mac(1), 0x81, 0, 0, 7, 0x08, 0]));
    // LLDP: the spoof guard lets nothing pass that is neither IP nor ARP.
    await grows('spoof', frame([...mac(2), ...mac(1), 0x88, 0xcc]));
  });

  test('policy is counted by rule and by default, each with its name', async () => {
    await grows('policy', async () => {
      for (let i = 0; i < 3; i++) await overlay.workload('a').udp('10.1.1.2', 53, 100);
    });
    await grows('policy', async () => {
      for (let i = 0; i < 3; i++) await overlay.workload('a').connect('10.1.1.2', 80, 100);
    });
    const { drops } = await counted();
    const by = drops.find(({ reason }) => reason === 'policy')!.by!.flatMap(({ owners }) => owners);
    expect(by).toEqual(
      expect.arrayContaining([
        { kind: 'rule', key: 'blue/guard/2' },
        { kind: 'group', key: 'blue/servers' },
      ]),
    );
  });

  test('logDenied: denied packets are told of by name, are denied and counted as before', async () => {
    const [daemon] = overlay.daemons;
    await daemon.apply({ settings: { logDenied: true } }, 'effective');
    const told: string[] = [];
    const stop = daemon.subscribe(({ type, message }) => type === 'denied' && told.push(message));
    try {
      await grows('policy', async () => {
        for (let i = 0; i < 3; i++) expect(await overlay.workload('a').udp('10.1.1.2', 53, 100)).toBe('timeout');
        for (let i = 0; i < 3; i++) expect(await overlay.workload('a').connect('10.1.1.2', 80, 100)).toBe('timeout');
      });
      await expect.poll(() => told.join('; '), { timeout: 5000 }).toMatch(/rule blue\/guard\/2 denied udp 10\.1\.1\.1/);
      expect(told.join('; ')).toMatch(/group blue\/servers denied tcp 10\.1\.1\.1 to 10\.1\.1\.2/);
      expect(await daemon.trace({ from: 'a', to: 'b', protocol: 'udp', port: 53 })).toMatchObject({ verdict: 'deny' });
    } finally {
      stop();
      await daemon.apply({ settings: { logDenied: null } }, 'effective');
    }
  });

  test('logDenied: what an audited policy would deny is told of, passes, and is no drop', async () => {
    const [daemon] = overlay.daemons;
    const [open, strict] = [{ ...objects[5], defaultAction: 'allow' }, objects[5]!];
    const audit = { kind: 'policy', tenant: 'blue', name: 'guard', audit: true };
    await daemon.apply({ put: [audit, open] }, 'effective');
    await daemon.apply({ settings: { logDenied: true } }, 'effective');
    const told: string[] = [];
    const stop = daemon.subscribe(({ type, message }) => type === 'denied' && told.push(message));
    const server = await overlay.workload('b').listenUdp(53);
    try {
      const { packets: before } = await counted();
      for (let i = 0; i < 3; i++) expect(await overlay.workload('a').udp('10.1.1.2', 53, 2000)).toBe('answered');
      await expect
        .poll(() => told.join('; '), { timeout: 5000 })
        .toMatch(/rule blue\/guard\/2 would deny udp 10\.1\.1\.1 to 10\.1\.1\.2 port 53/);
      const { packets: after } = await counted();
      expect(after.get('policy')).toBe(before.get('policy'));
    } finally {
      stop();
      await server.close();
      await daemon.apply({ settings: { logDenied: null } }, 'effective');
      await daemon.apply({ put: [{ ...audit, audit: false }, strict] }, 'effective');
    }
  });

  test('one object’s status has the packets and bytes of its own flows, each packet once', async () => {
    const ref = { kind: 'rule', key: 'blue/guard/1' } as const;
    const before = await overlay.daemons[0].countedStatus(ref);
    await overlay.workload('a').ping('10.1.1.2', { count: 5 });
    await expect
      .poll(async () => (await overlay.daemons[0].countedStatus(ref)).packets, { timeout: 5000 })
      .toBe((before.packets ?? 0) + 10);
    const after = await overlay.daemons[0].countedStatus(ref);
    expect(after.bytes).toBe((before.bytes ?? 0) + 10 * 98);
    expect((await overlay.daemons[0].countedStatus({ kind: 'endpoint', key: 'a' })).packets).toBeGreaterThan(10);
  });

  test('counters go on over a restart of the daemon', async () => {
    await grows('policy', async () => {
      for (let i = 0; i < 3; i++) await overlay.workload('a').udp('10.1.1.2', 53, 100);
    });
    const { packets: before } = await counted();
    const [first] = overlay.daemons;
    await first.stop();
    const { remote, rundir } = overlay.hosts[0].sandbox;
    const options = {
      store: memoryStore(),
      state: first.state,
      database: remote,
      rundir,
      log: silent,
      clock,
      patienceMs: 20_000,
    };
    const next = new DatapathController(options);
    next.start();
    try {
      await expect.poll(() => next.health().ready, { timeout: 10_000 }).toBe(true);
      for (const { reason, packets } of await next.drops()) {
        expect(packets, reason).toBeGreaterThanOrEqual(before.get(reason)!);
      }
    } finally {
      await next.stop();
    }
  });
});
