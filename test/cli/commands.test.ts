/** What the commands print when all is well. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { host, serveTestApi } from '../api/support.js';
import type { Served } from '../api/support.js';
import { run } from './support.js';

let served: Served;
let env: Record<string, string>;

beforeEach(async () => {
  served = await serveTestApi();
  env = { SLUICE_SOCKET: served.socket };
  await served.controller.apply({ put: host }, 'accepted');
  served.controller.asked.length = 0;
});

afterEach(() => served.stop());

const printed = async (line: string): Promise<string> => {
  const { code, out, err } = await run(line, { env });
  expect([code, err]).toEqual([0, '']);
  return out;
};

test('get prints tables without borders', async () => {
  served.controller.statuses.set('endpoint/web-1', { state: 'waiting', waitingFor: 'interface veth-web-1', flows: 0 });
  expect(await printed('get endpoints')).toBe(
    'ID     TENANT  NETWORK  GROUP  IPV4      WHERE                 FLOWS  STATUS\n' +
      'web-1  blue    front    web    10.1.1.1  interface veth-web-1  0      waiting: interface veth-web-1\n',
  );
  expect(await printed('get networks')).toBe(
    'KEY         ENCAP  TAG   SUBNET       GATEWAY     FLOWS  STATUS\n' +
      'blue/front  vxlan  5001  10.1.1.0/24  10.1.1.254  3      committed\n',
  );
  expect(await printed('get rules')).toBe(
    'KEY                 DIRECTION  PRIORITY  ACTION  PROTOCOL  PEER       FLOWS  STATUS\n' +
      'blue/app-policy/10  in         1         allow   tcp/8080  group=web  3      committed\n',
  );
  expect(await printed('get ep -o wide')).toMatch(
    /^ID +TENANT +NETWORK +GROUP +IPV4 +MAC +IPV6 +WHERE +MTU +FLOWS +PACKETS +BYTES +GENERATION +STATUS\n/,
  );
});

test('get prints one object, or several, in every form', async () => {
  expect(await printed('get groups -o name')).toBe('group/blue/app\ngroup/blue/web\n');
  expect(JSON.parse(await printed('get network blue/front -ojson'))).toMatchObject({ vni: 5001, status: { flows: 3 } });
  expect(JSON.parse(await printed('get networks -o json')).items).toHaveLength(1);
  expect(await printed('get network/blue/front -o yaml')).toContain('\nvni: 5001\n');
  expect(await printed('get group blue/app blue/web')).toBe(await printed('get groups'));
  expect(await printed('get settings')).toMatch(/^VTEP +UPLINKS +BRIDGE +FLOWS +STATUS\n- +- +br-sluice/);
});

test('get of an object that is named says what there is to say of it, below the table', async () => {
  const problems = [
    { code: 'conflict', message: 'rule x of the same priority denies tcp: deny wins' },
    { code: 'sctp_untracked', message: 'ports' },
  ];
  served.controller.statuses.set('group/blue/app', { problems });
  expect((await printed('get groups')).split('\n')[1]).toMatch(/ committed \(conflict, sctp_untracked\)$/);
  const { out, err } = await run('get group blue/app', { env });
  expect(out).toMatch(/^KEY .*\nblue\/app .*\n$/);
  expect(err).toBe(
    'group/blue/app: conflict: rule x of the same priority denies tcp: deny wins\ngroup/blue/app: sctp_untracked: ports\n',
  );
});

test('get of nothing says so', async () => {
  expect(await run('get peers', { env })).toEqual({ code: 0, out: '', err: 'there are no peers\n' });
});

test.each(['yaml', 'json'])('what get -o %s prints can be applied again', async (form) => {
  for (const kind of ['settings', 'tenants', 'networks', 'groups', 'rules', 'endpoints']) {
    const stdin = await printed(`get ${kind} -o ${form}`);
    expect((await run('apply -f -', { env, stdin })).out).toMatch(/^0 created, 0 updated, 0 deleted, [12] unchanged/);
  }
});

test('a rehearsed delete says what would go, and nothing goes', async () => {
  expect(await printed('delete endpoint web-1 --dry-run')).toBe(
    '0 created, 0 updated, 1 deleted, 0 unchanged (dry run: nothing was changed)\n',
  );
  expect(await printed('get endpoint web-1 -o name')).toBe('endpoint/web-1\n');
});

test('delete takes several keys, spaced or slashed, and absent ones', async () => {
  expect(await printed('delete endpoint web-1 web-9')).toBe(
    '0 created, 0 updated, 1 deleted, 0 unchanged (generation 2)\n' +
      '12 flows added, 1 modified, 0 deleted: compiled in 240 µs, confirmed by the switch in 3.1 ms\n',
  );
  expect(await printed('delete rule blue app-policy 10 --level accepted')).toBe(
    '0 created, 0 updated, 1 deleted, 0 unchanged (generation 3)\n',
  );
  await printed('delete tenant blue --cascade');
  expect(served.controller.state.networks.size).toBe(0);
});

test('flows prints what the API prints', async () => {
  expect(await printed('flows --owner endpoint/web-1 --table classify --source switch')).toBe(
    ' cookie=0x700000001000000, table=0, priority=100,in_port=web-1,vlan_tci=0x0000/0x1000 actions=goto_table:2\n' +
      ' cookie=0x100000000000000, table=0, priority=0 actions=drop\n',
  );
  expect(served.controller.asked).toEqual([
    { owner: { kind: 'endpoint', key: 'web-1' }, table: 'classify', source: 'switch' },
  ]);
  expect(await printed('flows -o wide')).toMatch(
    /^TABLE +PRIORITY +PACKETS +OWNER +FLOW\nclassify +100 +- +endpoint\/web-1 +cookie=/,
  );
  expect(JSON.parse(await printed('flows -o json')).flows).toHaveLength(2);
});

test('trace shows the path, the verdict and the line to repeat it with', async () => {
  expect(await printed('trace --from web-1 --to app-1 --protocol tcp --port 8080')).toBe(
    'web-1 to app-1, tcp port 8080: allow by rule/blue/app-policy/10\n' +
      'rule blue/app-policy/10 allows tcp port 8080 from group web.\n' +
      '\n' +
      'TABLE     OWNER                    FLOW\n' +
      'classify  endpoint/web-1           in_port=3\n' +
      'policy    rule/blue/app-policy/10  tcp,tp_dst=8080\n' +
      '\n' +
      'output: veth-app-1\n' +
      "same as: ovs-appctl ofproto/trace br-sluice 'in_port=3,tcp'\n",
  );
  expect(served.controller.asked).toEqual([{ from: 'web-1', to: 'app-1', protocol: 'tcp', port: 8080 }]);
  expect(await printed('trace --flow in_port=3,arp -o raw')).toBe('Flow: tcp\nbridge("br-sluice")\n');
  expect(JSON.parse(await printed('trace --from web-1 --reply -o json')).verdict).toBe('allow');
});

test('resync and retry say what came of it', async () => {
  expect(await printed('resync')).toBe('read 340 flows; 1 difference sent\n');
  expect(await printed('retry')).toBe('2 objects tried again\n');
});

test('status says how things are, and fails when they are not well', async () => {
  expect(await printed('status')).toBe(
    `daemon   sluice 1.2.3, pid ${process.pid}, generation 1\n` +
      'ready    yes\n' +
      'switch   connected, Open vSwitch 3.1.0, datapath 00000a0000000001, 340 flows\n' +
      'objects  1 tenant, 1 network, 2 groups, 1 policy, 1 rule, 1 endpoint\n',
  );
  served.controller.reasons = ['the switch is not connected'];
  const { code, out } = await run('status', { env });
  expect([code, out.split('\n')[1]]).toEqual([1, 'ready    no: the switch is not connected']);
});

test('status has a line for each uplink, with links, bond and LACP', async () => {
  served.controller.uplinks = [
    { bridge: 'br-sluice-ul', port: 'eth3', members: [{ name: 'eth3', link: 'up', active: true, speedMbps: 10_000 }] },
    {
      bridge: 'br-sluice-up',
      port: 'sluice-bond',
      bondMode: 'balance-tcp',
      lacp: 'active',
      members: [
        { name: 'eth1', link: 'up', active: true, lacp: 'current' },
        { name: 'eth2', link: 'up', active: false, lacp: 'expired' },
        { name: 'eth4', link: 'missing', active: false, error: 'could not open network device eth4' },
      ],
    },
  ];
  const out = await printed('status');
  served.controller.uplinks = [];
  expect(out.split('\n').filter((line) => line.startsWith('uplink'))).toEqual([
    'uplink   eth3 on br-sluice-ul: eth3 up, 10000 Mbit/s',
    'uplink   sluice-bond on br-sluice-up, balance-tcp, LACP active: eth1 up, partner heard, active; eth2 up, partner silent; eth4 missing, could not open network device eth4',
  ]);
});
