/**
 * Broken hosts, in namespaces: interfaces, addresses, routes and MTU that are wrong; the suggested command mends each.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { diagnose, type DoctorInput, type Finding } from '../../src/doctor/index.js';
import { createLab, type Lab, type LabHost } from '../../src/sandbox/index.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: the doctor of hosts needs root for network namespaces');

describe.skipIf(!root)('a host broken on purpose', () => {
  let lab: Lab;
  let host: LabHost;
  let other: LabHost;
  beforeAll(async () => {
    lab = await createLab();
    host = await lab.host('h1');
    other = await lab.host('h2');
    await lab.wire(host, 'underlay0', other, 'underlay0');
    await lab.wire(host, 'eth1', other, 'eth1');
    await lab.underlay(host, 'br-phy', 'underlay0', '172.31.0.1/24');
    await lab.underlay(other, 'br-phy', 'underlay0', '172.31.0.2/24');
    await host.sandbox.vsctl('add-br', 'br-up', '--', 'set', 'bridge', 'br-up', 'datapath_type=netdev');
  });
  afterAll(async () => {
    await lab?.stop();
  });
  beforeEach(() => {
    wishes = {
      bridge: 'br-int',
      uplinkBridge: 'br-up',
      datapathType: 'netdev',
      vtepIp: '172.31.0.1',
      uplinks: ['eth1'],
    };
  });

  let wishes: DoctorInput['wishes'];
  const examine = (): Promise<Finding[]> => {
    const { remote, rundir } = host.sandbox;
    const daemon = { reasons: [], attention: [] };
    return diagnose({ database: remote, rundir, usualPlace: false, wishes, daemon, netns: host.netns });
  };
  const shell = (command: string) => host.exec('sh', '-c', command);
  const codes = async () => (await examine()).map(({ code }) => code);

  /** Breaks, expects the finding, runs its command, expects it gone. */
  const mends = async (code: string, ...breakIt: string[]): Promise<Finding> => {
    for (const command of breakIt) await shell(command);
    const found = (await examine()).find((each) => each.code === code);
    expect(found, `${code} in ${JSON.stringify(await codes())}`).toBeDefined();
    await shell(found?.command ?? 'false');
    expect(await codes()).not.toContain(code);
    return found!;
  };

  test('a host that is well', async () => {
    wishes = { ...wishes, peers: ['172.31.0.2'] };
    const findings = await examine();
    expect(findings.filter(({ severity }) => severity !== 'ok').map(({ code }) => code)).toEqual(['peer-never-heard']);
    expect(findings.find(({ code }) => code === 'vtep-here')?.what).toBe(
      'VTEP 172.31.0.1 is on br-phy, MTU 1500: endpoints of VXLAN networks may use 1450.',
    );
  });

  test('a peer that is down, and comes back', async () => {
    wishes = { ...wishes, peers: ['172.31.0.2'] };
    await other.exec('ip', 'link', 'set', 'dev', 'br-phy', 'down');
    expect((await examine()).find(({ code }) => code === 'peer-silent')).toMatchObject({
      severity: 'warning',
      what: 'Peer 172.31.0.2 is reached by br-phy, answers no ping: nothing came yet.',
    });
    await other.exec('ip', 'link', 'set', 'dev', 'br-phy', 'up');
    await expect.poll(codes, { timeout: 15_000 }).toContain('peer-never-heard');
  });

  test('the interface of the VTEP is down', async () => {
    await mends('vtep-down', 'ip link set dev br-phy down');
  });

  test('the uplink is down', async () => {
    await mends('uplink-down', 'ip link set dev eth1 down');
  });

  test('the uplink carries an address', async () => {
    await mends('uplink-has-address', 'ip address add 10.5.5.5/24 dev eth1');
  });

  test('the uplink belongs to a bridge of the kernel', async () => {
    await mends('uplink-enslaved', 'ip link add name br0 type bridge', 'ip link set dev eth1 master br0');
    await shell('ip link del br0');
  });

  test('the uplink is in another bridge of the switch', async () => {
    await host.sandbox.vsctl('add-port', 'br-phy', 'eth1');
    await mends('uplink-in-other-bridge');
  });

  test('a peer without a route, and one that is reached by another way', async () => {
    wishes = { ...wishes, peers: ['10.77.0.1'] };
    await mends('peer-unroutable');
    await shell('ip route del 10.77.0.1');
    await mends(
      'peer-other-way',
      'ip link add name dm0 type veth peer name dm0p',
      'ip address add 10.77.0.9/24 dev dm0',
      'ip link set dev dm0 up',
    );
    await shell('ip route del 10.77.0.1; ip link del dm0');
  });

  test('endpoints with too big an MTU', async () => {
    wishes = { ...wishes, uplinks: [] };
    await shell('ip link add name web1 mtu 1500 type veth peer name web1p');
    await host.sandbox.vsctl(
      'add-port',
      'br-up',
      'web1',
      '--',
      'set',
      'port',
      'web1',
      'external_ids:sluice-role=endpoint',
    );
    await mends('mtu-too-big');
    await host.sandbox.vsctl('del-port', 'br-up', 'web1');
    await shell('ip link del web1');
  });

  test('on netdev, a VTEP address outside the switch', async () => {
    wishes = { ...wishes, vtepIp: '172.31.9.1' };
    const breakIt = [
      'ip link add name eth9 type veth peer name eth9p',
      'ip link set eth9 up',
      'ip address add 172.31.9.1/24 dev eth9',
    ];
    const { what } = await mends('vtep-outside-switch', ...breakIt);
    expect(what).toContain('must be on an internal port of a bridge of the same Open vSwitch');
    expect((await examine()).find(({ code }) => code === 'vtep-here')?.what).toContain('br-underlay');
    await host.sandbox.vsctl('del-br', 'br-underlay');
    await shell('ip link del eth9');
  });

  test('a port whose device is gone', async () => {
    await host.sandbox.vsctl('--no-wait', 'set', 'bridge', 'br-up', 'external_ids:sluice-role=bridge');
    await host.sandbox.vsctl('add-port', 'br-up', 'gone0').catch(() => '');
    await mends('port-broken');
  });

  test('a missing uplink and a VTEP that is elsewhere are found, with the setting to change', async () => {
    wishes = { ...wishes, uplinks: ['eth1', 'eth7'], vtepIp: '172.31.0.77' };
    const findings = await examine();
    expect(findings.find(({ code }) => code === 'uplink-missing')?.command).toBe('sluice set vlan-if eth1');
    expect(findings.find(({ code }) => code === 'vtep-not-here')?.command).toMatch(
      /^sluice set vtep-ip 172\.31\.0\.1$/,
    );
  });
});
