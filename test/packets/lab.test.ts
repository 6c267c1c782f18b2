/** The laboratory itself, on plain learning bridges: what the packet tests of Sluice stand on has to be true first. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLab, type Lab, type LabHost, until, type Workload } from '../../src/sandbox/index.js';

const bare = process.getuid?.() !== 0;

describe.skipIf(bare)('two hosts joined by VXLAN over an underlay', () => {
  let lab: Lab;
  let a: LabHost;
  let w1: Workload;
  let w2: Workload;

  beforeAll(async () => {
    lab = await createLab();
    let b: LabHost;
    [a, b] = await Promise.all([lab.host('a'), lab.host('b')]);
    await lab.wire(a, 'eth1', b, 'eth1');
    await lab.underlay(a, 'br-phy', 'eth1', '172.31.0.1/24');
    await lab.underlay(b, 'br-phy', 'eth1', '172.31.0.2/24');
    [w1, w2] = await Promise.all([
      lab.workload(a, {
        name: 'w1',
        interface: 'vm1',
        mac: '02:00:00:00:00:01',
        ipv4: '10.1.1.1/24',
        ipv6: 'fd01::1/64',
      }),
      lab.workload(b, {
        name: 'w2',
        interface: 'vm1',
        mac: '02:00:00:00:00:02',
        ipv4: '10.1.1.2/24',
        ipv6: 'fd01::2/64',
      }),
    ]);
    for (const [host, peer] of [
      [a, '172.31.0.2'],
      [b, '172.31.0.1'],
    ] as const) {
      const tunnel = [
        'add-port',
        'br0',
        'vx0',
        '--',
        'set',
        'interface',
        'vx0',
        'type=vxlan',
        `options:remote_ip=${peer}`,
      ];
      await host.sandbox.vsctl('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev');
      await host.sandbox.vsctl('add-port', 'br0', 'vm1', '--', ...tunnel);
    }
    await w1.waitForPing('10.1.1.2');
  });
  afterAll(() => lab?.stop());

  test('ping counts what is sent, received and lost', async () => {
    expect(await w1.ping('10.1.1.2', { count: 5, intervalMs: 10 })).toMatchObject({ sent: 5, received: 5, lost: 0 });
    expect(await w1.ping('10.1.1.77', { count: 2, intervalMs: 10, timeoutMs: 100 })).toMatchObject({
      received: 0,
      lost: 2,
    });
  });

  test('a running ping stops without counting the last one as lost', async () => {
    const ping = w1.startPing('10.1.1.2', { intervalMs: 10 });
    await until('20 replies', () => ping.received >= 20);
    const { sent, lost } = await ping.stop();
    expect(sent).toBeGreaterThanOrEqual(20);
    expect(lost).toBe(0);
  });

  test('the full MTU of the workload passes the tunnel', async () => {
    expect((await w1.ping('10.1.1.2', { count: 2, size: 1450 - 28 })).received).toBe(2);
  });

  test('IPv6 passes', async () => {
    if (lab.ipv6) expect((await w1.ping('fd01::2', { count: 2, timeoutMs: 1000 })).received).toBe(2);
  });

  test('TCP: connected, refused, timeout', async () => {
    const server = await w2.listen(8080);
    expect(await w1.connect('10.1.1.2', 8080)).toBe('connected');
    expect(await w1.connect('10.1.1.2', 8081)).toBe('refused');
    await w2.exec('ip', 'route', 'add', 'blackhole', '10.1.1.1/32');
    expect(await w1.connect('10.1.1.2', 8080, 200)).toBe('timeout');
    await w2.exec('ip', 'route', 'del', 'blackhole', '10.1.1.1/32');
    await until('the server has seen one connection', () => server.clients === 1);
    await server.close();
    expect(await w1.connect('10.1.1.2', 8080)).toBe('refused');
  });

  test('UDP: answered, refused', async () => {
    const server = await w2.listenUdp(5353);
    expect(await w1.udp('10.1.1.2', 5353)).toBe('answered');
    expect(await w1.udp('10.1.1.2', 5354)).toBe('refused');
    await server.close();
  });

  test('a pushed stream flows until it is cut', async () => {
    const server = await w2.serve(9000, { pushEveryMs: 5 });
    const stream = await w1.subscribe('10.1.1.2', 9000);
    await stream.waitForBytes(640);
    await a.sandbox.ofctl(['add-flow', 'br0', 'priority=1000,tcp,tp_src=9000,actions=drop']);
    expect(await stream.waitForSilence(300)).toBeLessThan(2_000);
    await a.sandbox.ofctl(['--strict', 'del-flows', 'br0', 'priority=1000,tcp,tp_src=9000']);
    await stream.waitForBytes(64);
    await stream.close();
    await server.close();
  });

  test('a frame is sent as it is, and captured', async () => {
    const capture = await w2.capture('ether proto 0x88b5');
    const frame = Buffer.from(`0200000000020200000000ee88b5${'00'.repeat(46)}`, 'hex');
    await w1.sendFrame(frame, 2);
    await capture.waitFor(/02:00:00:00:00:ee > 02:00:00:00:00:02/);
    expect(await capture.stop()).toHaveLength(2);
  });

  test('a changed MAC and a second address are really sent from', async () => {
    const capture = await w2.capture('icmp');
    await w1.setMac('02:00:00:00:00:99');
    await w1.addAddress('10.1.1.99/24');
    expect((await w1.ping('10.1.1.2', { source: '10.1.1.99' })).received).toBe(3);
    expect(await capture.waitFor(/02:00:00:00:00:99 >.* 10\.1\.1\.99 > 10\.1\.1\.2/)).toBeTruthy();
    await capture.stop();
    await w1.removeAddress('10.1.1.99/24');
    await w1.setMac('02:00:00:00:00:01');
  });

  test('a VLAN tag survives the wire between two hosts', async () => {
    const c = await lab.host('c');
    const d = await lab.host('d');
    await lab.wire(c, 'eth2', d, 'eth2');
    const ends: Workload[] = [];
    for (const [index, host] of [c, d].entries()) {
      ends.push(
        await lab.workload(host, {
          name: 'w',
          interface: 'vm1',
          mac: `02:00:00:00:01:0${index}`,
          ipv4: `10.2.0.${index + 1}/24`,
        }),
      );
      await host.sandbox.vsctl('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev');
      await host.sandbox.vsctl('add-port', 'br0', 'eth2', 'trunks=100', '--', 'add-port', 'br0', 'vm1', 'tag=100');
    }
    const [first] = ends;
    const capture = await d.capture('eth2', 'vlan 100 and icmp');
    await first?.waitForPing('10.2.0.2');
    const server = await ends[1]?.listen(80);
    expect(await first?.connect('10.2.0.2', 80)).toBe('connected');
    await until('the server has seen it', () => server?.clients === 1);
    expect(await capture.waitFor(/vlan 100/)).toContain('10.2.0.1 > 10.2.0.2');
    await capture.stop();
  });
});
