/**
 * Broken set-ups made on purpose: the doctor finds each, and running the command it suggests makes the finding go away.
 * Neighbours: host.test.ts breaks what needs real interfaces.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gather } from '../../src/doctor/gather.js';
import { diagnose, examine as examineFacts, worst, type DoctorInput, type Finding } from '../../src/doctor/index.js';
import { run } from '../../src/sandbox/index.js';
import { startHost, type Host } from '../datapath/bench-host.js';

let host: Host;
beforeEach(async () => {
  host = await startHost();
});
afterEach(async () => {
  await host?.stop();
});

const down = { unreachable: 'nobody listens' };

function inputOf(more: Partial<DoctorInput> = {}): DoctorInput {
  const { remote, rundir } = host.sandbox;
  const wishes = { bridge: 'br-sluice', uplinkBridge: 'br-sluice-up', datapathType: 'dummy' };
  return {
    database: remote,
    rundir,
    usualPlace: false,
    wishes,
    daemon: { reasons: [], attention: [] },
    ...more,
  };
}

function examine(more: Partial<DoctorInput> = {}): Promise<Finding[]> {
  return diagnose(inputOf(more));
}

const shell = (command: string) => run('sh', ['-c', command], { env: host.sandbox.env });

test('a host that is well has nothing to mend', async () => {
  const findings = await examine();
  expect(findings.filter(({ severity }) => ['warning', 'error'].includes(severity))).toEqual([]);
  expect(worst(findings)).toBe('note');
  expect(findings.map(({ code }) => code)).toEqual([
    'switch-runs',
    'vtep-unset',
    'uplink-unset',
    'bridge-well',
    'daemon-well',
  ]);
});

describe('broken on purpose, found, and mended by the suggested command', () => {
  test.each<[string, string[]]>([
    ['fail-mode', ['set-fail-mode', 'br-sluice', 'standalone']],
    ['foreign-controller', ['set-controller', 'br-sluice', 'tcp:127.0.0.1:6653']],
    ['datapath-id-unpinned', ['remove', 'bridge', 'br-sluice', 'other_config', 'datapath-id']],
    ['hwaddr-unpinned', ['remove', 'bridge', 'br-sluice', 'other_config', 'hwaddr']],
    ['no-openflow15', ['set', 'bridge', 'br-sluice', 'protocols=OpenFlow10,OpenFlow13']],
    ['flow-restore-wait', ['set', 'open_vswitch', '.', 'other_config:flow-restore-wait=true']],
    ['contiv-bridge', ['add-br', 'contivVxlanBridge']],
    ['contiv-bridge', ['add-br', 'contivVlanBridge', '--', 'add-port', 'contivVlanBridge', 'vvport1']],
    ['contiv-port', ['add-port', 'br-sluice', 'contivh0', '--', 'set', 'interface', 'contivh0', 'type=internal']],
    [
      'contiv-port',
      [
        'add-port',
        'br-sluice',
        'vxif101111',
        '--',
        'set',
        'interface',
        'vxif101111',
        'type=vxlan',
        'options:remote_ip=10.1.11.1',
      ],
    ],
  ])('%s: ovs-vsctl %j', async (code, breakIt) => {
    // The daemon would mend some of these itself.
    await host.controller.stop();
    await host.sandbox.vsctl('--no-wait', ...breakIt);
    const found = (await examine()).find((each) => each.code === code);
    expect(found?.severity).toMatch(/warning|error/);
    expect(found?.consequence).toMatch(/\.$/);
    await shell(found?.command?.replace('ovs-vsctl', 'ovs-vsctl --timeout=5') ?? 'false');
    expect((await examine()).map((each) => each.code)).not.toContain(code);
  });

  test('an uplink in somebody else’s bridge', async () => {
    const link = { name: 'eth1' };
    await host.sandbox.vsctl('add-br', 'theirs', '--', 'add-port', 'theirs', link.name);
    await host.controller.apply({ settings: { vlanInterfaces: ['eth1'] } }, 'committed');
    const daemon = () => ({ reasons: host.controller.health().reasons, attention: [] });
    const found = (await examine({ daemon: daemon() })).find(({ code }) => code === 'not-ready');
    expect(found).toMatchObject({ command: 'ovs-vsctl del-port theirs eth1' });
    await host.sandbox.vsctl('del-port', 'theirs', 'eth1');
    await expect
      .poll(async () => (await examine({ daemon: daemon() })).map(({ code }) => code))
      .not.toContain('not-ready');
  });
});

// A datapath cannot be made to lack what vswitchd found in it at its start: the facts are the switch's own but for one answer.
test.each<[name: string, consequence: RegExp, severity?: string]>([
  ['CT state NAT', /VIP/],
  ['CT orig tuple for IPv6', /IPv6/],
  ['CT state', /policy/],
  ['Check pkt length action', /too big/, 'warning'],
])('a datapath that lacks %s is told, with what is lost', async (name, consequence, severity = 'error') => {
  const facts = await gather(inputOf());
  expect(facts.features.get(name)).toBe('Yes');
  const features = new Map(facts.features).set(name, 'No');
  const found = examineFacts({ ...facts, features }).filter(({ code }) => code === 'datapath-feature-missing');
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ severity, what: expect.stringContaining(`"${name}"`) });
  expect(found[0]?.consequence).toMatch(consequence);
});

describe('broken uplink bridges, found and mended', () => {
  test.each<[string, string[]]>([
    ['uplink-fail-mode', ['set-fail-mode', 'br-sluice-up', 'secure']],
    ['uplink-vlans-limited', ['set', 'port', 'eth1', 'trunks=7,8']],
    ['uplink-vlans-limited', ['set', 'port', 'sluice-int', 'tag=7', 'vlan_mode=access']],
    ['hwaddr-unpinned', ['remove', 'bridge', 'br-sluice-up', 'other_config', 'hwaddr']],
    ['contiv-port', ['add-port', 'br-sluice-up', 'vvport17']],
  ])('%s: ovs-vsctl %j', async (code, breakIt) => {
    await host.controller.apply({ settings: { vlanInterfaces: ['eth1'] } }, 'committed');
    await host.controller.stop();
    await host.sandbox.vsctl('--no-wait', ...breakIt);
    const found = (await examine()).find((each) => each.code === code);
    expect(found?.severity).toMatch(/warning|error/);
    await shell(found?.command?.replace('ovs-vsctl', 'ovs-vsctl --timeout=5') ?? 'false');
    expect((await examine()).map((each) => each.code)).not.toContain(code);
  });
});

describe('other daemons', () => {
  const mark = (bridge: string, pid: number) => [
    ...['--', 'set', 'bridge', bridge, 'external_ids:sluice-role=bridge'],
    `external_ids:sluice-daemon="pid ${pid}, state directory /var/lib/other"`,
  ];
  const daemon = { reasons: [], attention: [], pid: process.pid };

  test('one that keeps the bridge is named, and ended by the suggested command', async () => {
    const other = spawn('sleep', ['600']);
    const ended = once(other, 'exit');
    await host.sandbox.vsctl(...mark('br-sluice', other.pid ?? 0).slice(1));
    const found = (await examine({ daemon })).find(({ code }) => code === 'two-daemons');
    expect(found).toMatchObject({ severity: 'error', command: `kill ${other.pid}` });
    expect(found?.what).toContain(`pid ${other.pid}, state directory /var/lib/other`);
    await shell(found?.command ?? 'false');
    await ended;
    await expect.poll(async () => (await examine({ daemon })).map(({ code }) => code)).not.toContain('two-daemons');
  });

  test('a bridge that one has left behind is removed by the suggested command', async () => {
    await host.controller.stop();
    await host.sandbox.vsctl('add-br', 'br-old', ...mark('br-old', 4_194_305));
    const found = (await examine({ daemon })).find(({ code }) => code === 'left-bridge');
    expect(found?.what).toContain('br-old is left of a daemon that is gone');
    await shell(found?.command ?? 'false');
    expect((await examine({ daemon })).map(({ code }) => code)).not.toContain('left-bridge');
  });
});

test('when the switch was last read back is said', async () => {
  const resync = { secondsAgo: 7, flowsRead: 120, sent: 2 };
  const findings = await examine({ daemon: { reasons: [], attention: [], pid: process.pid, resync } });
  expect(findings.at(-1)?.what).toBe(
    'The daemon runs and every object is in place; the switch was read back 7 s ago (120 flows, 2 differences).',
  );
  const { resync: told } = host.controller.health().switch;
  expect(told).toMatchObject({ sent: expect.any(Number) as number, secondsAgo: expect.any(Number) as number });
});

describe('what no command of ours can mend is found and named', () => {
  test('the daemon is down', async () => {
    const findings = await examine({ daemon: down });
    expect(findings.at(-1)).toMatchObject({ code: 'daemon-down', severity: 'warning', command: 'sluice serve' });
    expect(worst(findings)).toBe('warning');
  });

  test('vswitchd is down', async () => {
    await host.controller.stop();
    await host.sandbox.killVswitchd('SIGKILL');
    const findings = await examine();
    expect(findings[0]).toMatchObject({
      code: 'vswitchd-down',
      severity: 'error',
      command: 'systemctl start openvswitch-switch',
    });
  });

  test('the database is down', async () => {
    await host.controller.stop();
    await host.sandbox.killOvsdb('SIGKILL');
    const findings = await examine();
    expect(findings[0]).toMatchObject({ code: 'database-down', severity: 'error' });
    expect(worst(findings)).toBe('error');
  });

  test('a waiting and a refused object', async () => {
    const attention = [
      { name: 'endpoint/web-1', state: 'waiting', why: 'interface veth9' },
      { name: 'network/blue/wide', state: 'quarantined', why: 'its flows do not fit in one message' },
    ];
    const findings = await examine({ daemon: { reasons: [], attention } });
    expect(findings.slice(-2)).toMatchObject([
      { code: 'object-waiting', severity: 'warning', what: 'endpoint/web-1 waits for interface veth9.' },
      { code: 'object-quarantined', severity: 'error' },
    ]);
  });
});

test('with the daemon down, VTEP, peers and uplinks are read from the switch', async () => {
  const put = [
    { kind: 'settings', datapathType: 'dummy', vtepIp: '10.99.0.5', vlanInterfaces: ['eth1'] },
    { kind: 'peer', vtepIp: '10.99.0.6' },
  ];
  await host.controller.apply({ put }, 'committed');
  await host.controller.stop();
  const findings = await examine({ daemon: down });
  expect(findings.find(({ code }) => code === 'vtep-not-here')?.what).toContain('10.99.0.5');
  expect(findings.map(({ code }) => code)).not.toContain('uplink-unset');
});
