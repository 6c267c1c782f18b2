/**
 * Settings judged against the host they are for, by a daemon in that host's namespace.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import type { DaemonProcess } from '../support/daemon.js';
import { hostIp, hostIpBench, nic, otherIp, type HostIpBench } from './host-ip.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

describe.skipIf(!root)('a setting that does not fit the host', () => {
  let bench: HostIpBench;
  let daemon: DaemonProcess;
  beforeAll(async () => {
    bench = await hostIpBench();
    await bench.ip('link', 'add', 'name', 'eth1', 'type', 'veth', 'peer', 'name', 'far1');
    await bench.ip('link', 'add', 'name', 'docker0', 'type', 'bridge');
    await bench.ip('addr', 'add', '172.17.0.1/16', 'dev', 'docker0');
    daemon = await bench.serve();
  });
  afterAll(async () => {
    await bench?.stop();
  });

  const refusal = async (
    fields: Record<string, unknown>,
  ): Promise<{ pointer: string; code: string; message: string }[]> => {
    const error: unknown = await bench.client.patchSettings(fields).then(
      () => 'accepted',
      (reason: unknown) => reason,
    );
    return (error as { problem: { problems: { pointer: string; code: string; message: string }[] } }).problem.problems;
  };

  test.each<[string, Record<string, unknown>, { pointer: string; code: string; message: RegExp }]>([
    [
      'a VTEP address that this host does not have',
      { vtepIp: '10.0.0.77' },
      {
        pointer: '/vtepIp',
        code: 'not_a_vtep',
        message: /^10\.0\.0\.77 is on no interface of this host; it has 10\.0\.0\.5 \(eth0\), 10\.0\.0\.7 \(eth0\)/,
      },
    ],
    [
      'an address that Docker made',
      { vtepIp: '172.17.0.1' },
      {
        pointer: '/vtepIp',
        code: 'not_a_vtep',
        message: /^172\.17\.0\.1 is on docker0, which a container engine or a switch made/,
      },
    ],
    [
      'an address outside the switch, on the netdev datapath',
      { vtepIp: hostIp },
      {
        pointer: '/vtepIp',
        code: 'not_a_vtep',
        message:
          /^10\.0\.0\.5 is on eth0: on the netdev datapath the VTEP address must be on an internal port of a bridge of the same Open vSwitch/,
      },
    ],
    [
      'a card that is not there',
      { vlanInterfaces: ['eth7'] },
      { pointer: '/vlanInterfaces/0', code: 'interface_missing', message: /^this host has no .*eth7; it has .*eth1/ },
    ],
    [
      'a bridge as uplink',
      { vlanInterfaces: ['docker0'] },
      { pointer: '/vlanInterfaces/0', code: 'unfit_interface', message: /^docker0 is a bridge of the kernel/ },
    ],
  ])('%s is refused with the reason', async (_what, fields, { pointer, code, message }) => {
    const [problem] = await refusal(fields);
    expect(problem).toMatchObject({ pointer, code, message: expect.stringMatching(message) as string });
  });

  test('a card that is down, or has a small MTU, is taken, and that is told', async () => {
    const down = await bench.client.patchSettings({ vlanInterfaces: ['eth1'] });
    expect(down.notes).toEqual(['eth1 is down: nothing passes until it is up (ip link set dev eth1 up)']);
    await bench.client.patchSettings({ vlanInterfaces: [] });
    await bench.ip('link', 'set', 'far1', 'up');
    await bench.ip('link', 'set', 'eth1', 'mtu', '1400', 'up');
    const small = await bench.client.patchSettings({ vlanInterfaces: ['eth1'] });
    expect(small.notes?.join()).toContain('eth1 has MTU 1400');
    await bench.client.patchSettings({ vlanInterfaces: [] });
  });

  test('nobody named a VTEP address: which one was chosen, or that none will do, is in the log', async () => {
    const line = await daemon.seen(({ msg }) => String(msg).includes('can be the VTEP'), 'the choice');
    expect(line['msg']).toBe('no address of this host can be the VTEP; VXLAN networks stay on the host');
  });

  test('the card and the VTEP address on it may be given together, and a daemon started later chooses it', async () => {
    const fields = { underlayInterfaces: [nic], vtepIp: hostIp, adoptHostIp: true, checkAddress: otherIp };
    const { notes } = await bench.client.patchSettings(fields);
    expect(notes?.join('\n')).toContain(`${hostIp} is on eth0, MTU 1400: endpoints of VXLAN networks may use 1350`);
    await until('the move is confirmed', () => bench.journal()?.state === 'adopted');
    expect(await bench.ip('address', 'show', 'dev', 'br-sluice-ul')).toContain(hostIp);
    await daemon.kill('SIGTERM');
    daemon = await bench.serve();
    const vtep = (await bench.client.config()).find(({ key }) => key === 'vtepIp');
    expect(vtep).toMatchObject({
      value: hostIp,
      from: 'default',
      name: 'default: it is the first address of br-sluice-ul, which has the default route',
    });
  });
});
