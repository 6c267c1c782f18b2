/** Where the rules are looked up: one list or two sides, deciding or counting. */
import { expect, test } from 'vitest';
import { emptyState } from '../../src/model/index.js';
import { accept, compileText, readLine, worldOf } from './support.js';

const objects = (settings: Record<string, unknown>, audit = false) => [
  { kind: 'settings', datapathType: 'dummy', ...settings },
  { kind: 'tenant', name: 'blue' },
  { kind: 'policy', tenant: 'blue', name: 'p', audit },
  { kind: 'group', tenant: 'blue', name: 'g', policies: ['p'], defaultAction: 'deny' },
  { kind: 'rule', tenant: 'blue', policy: 'p', id: 'in', direction: 'in', action: 'allow' },
  { kind: 'rule', tenant: 'blue', policy: 'p', id: 'out', direction: 'out', action: 'deny', priority: 2 },
];

/** `table side does`, of every flow that a group or rule has among the rules. */
function verdicts(put: readonly unknown[]): string[] {
  return compileText(worldOf(accept(emptyState(), put))).flatMap((line) => {
    const { table, fields } = readLine(line);
    const side = fields.find((name) => name === 'sourceSet' || name === 'destinationSet');
    if (!/^(?:audit|policy)/.test(table) || side === undefined) return [];
    return [`${table} ${/priority=(\d+)/.exec(line)?.[1]} ${side} ${line.split('actions=')[1]}`];
  });
}

test('joint: both directions are one list', () => {
  expect(verdicts(objects({ policyMode: 'joint' })).toSorted()).toEqual([
    'policy 1006 destinationSet drop',
    'policy 1006 sourceSet drop',
    'policy 1010 destinationSet goto_table:commit',
    'policy 1022 sourceSet drop',
  ]);
});

test('both-sides: what the out-rules allow is judged by the in-rules', () => {
  expect(verdicts(objects({ policyMode: 'both-sides' })).toSorted()).toEqual([
    'policy 1006 destinationSet drop',
    'policy 1010 destinationSet goto_table:commit',
    'policyOut 1006 sourceSet drop',
    'policyOut 1022 sourceSet drop',
  ]);
});

test('an audited policy’s rules drop nothing; its groups’ defaults still decide', () => {
  expect(verdicts(objects({ policyMode: 'joint' }, true)).toSorted()).toEqual([
    'audit 1010 destinationSet goto_table:policyOut',
    'audit 1022 sourceSet goto_table:policyOut',
    'policy 1006 destinationSet drop',
    'policy 1006 sourceSet drop',
  ]);
  expect(verdicts(objects({ policyMode: 'both-sides' }, true)).toSorted()).toEqual([
    'audit 1010 destinationSet goto_table:policyOut',
    'auditOut 1022 sourceSet goto_table:audit',
    'policy 1006 destinationSet drop',
    'policyOut 1006 sourceSet drop',
  ]);
});

/** The flows of a table that `settings` add to, or take from, those of the defaults. */
function differences(settings: Record<string, unknown>): string[] {
  const of = (fields: Record<string, unknown>) => compileText(worldOf(accept(emptyState(), objects(fields))));
  const usual = of({});
  const other = of(settings);
  return [
    ...usual.filter((line) => !other.includes(line)).map((line) => `-${line.replace(/^cookie=\w+, /, '')}`),
    ...other.filter((line) => !usual.includes(line)).map((line) => `+${line.replace(/^cookie=\w+, /, '')}`),
  ];
}

test('the kernel datapath: no flow writes a neighbour advertisement', () => {
  const put = (datapathType: string) => [
    { kind: 'settings', datapathType, forwardingMode: 'routing' },
    { kind: 'tenant', name: 'blue' },
    { kind: 'network', tenant: 'blue', name: 'n', vni: 1, ipv6Subnet: 'fd00:1::/64', ipv6Gateway: 'fd00:1::ff' },
    { kind: 'endpoint', id: 'e', tenant: 'blue', network: 'n', mac: '02:00:00:00:00:01', ipv6: ['fd00:1::1'] },
  ];
  const writes = (datapathType: string) =>
    compileText(worldOf(accept(emptyState(), put(datapathType)))).filter((line) =>
      /->nd_(?:reserved|options_type)/.test(line),
    );
  expect(writes('netdev').length).toBe(6);
  expect(writes('system')).toEqual([]);
});

test('midstream drop: TCP of no known connection must begin with SYN', () => {
  expect(differences({ midstream: 'drop' })).toEqual([
    '+table=orient, priority=200,ct_state=+new+trk,tcp,tcp_flags=-syn actions=drop',
    '+table=orient, priority=200,ct_state=+new+trk,tcp6,tcp_flags=-syn actions=drop',
  ]);
});

test('onPolicyChange keep: what is allowed is marked, and what is marked is not judged again', () => {
  const commit = (mark: string, to: string) => `actions=ct(commit,zone=NXM_NX_REG1[0..15]${mark}),goto_table:${to}`;
  const marked = (mark: string, to: string) => commit(`,exec(set_field:${mark}->ct_mark)`, to);
  // reg12 bit 16: on its way to a service's provider.
  const each = (lines: (family: string) => string[]) => ['ip', 'ipv6'].flatMap(lines);
  expect(differences({ onPolicyChange: 'keep' })).toEqual([
    ...each((family) => [
      `-table=commit, priority=100,ct_state=+new+trk,${family} ${commit('', 'dscp')}`,
      `-table=commit, priority=200,ct_state=+new+trk,${family},reg12=0x10000/0x10000 ${marked('0x2', 'serviceReply')}`,
    ]),
    '+table=orient, priority=350,ct_state=-inv+trk,ct_mark=0x1/0x1 actions=goto_table:serviceReply',
    ...each((family) => [
      `+table=commit, priority=100,ct_state=+new+trk,${family} ${marked('0x1', 'dscp')}`,
      `+table=commit, priority=200,ct_state=+new+trk,${family},reg12=0x10000/0x10000 ${marked('0x3', 'serviceReply')}`,
      `+table=commit, priority=100,ct_state=-new+est+trk,ct_mark=0/0x1,${family} ${marked('0x1/0x1', 'serviceReply')}`,
    ]),
  ]);
});

test('logDenied: what is denied is shown to the daemon, by a meter of its own, and goes nowhere else', () => {
  const shown = 'actions=controller(max_len=128,userdata=04,meter_id=4294836228)';
  expect(differences({ logDenied: true }).map((line) => line.replace(/reg[35]=0x[0-9a-f]+/, 'set'))).toEqual([
    '-table=policy, priority=1006,ct_state=-inv+trk,set actions=drop',
    '-table=policy, priority=1006,ct_state=-inv+trk,set actions=drop',
    '-table=policy, priority=1022,ct_state=-inv+trk,set actions=drop',
    `+table=policy, priority=1006,ct_state=-inv+trk,set ${shown}`,
    `+table=policy, priority=1006,ct_state=-inv+trk,set ${shown}`,
    `+table=policy, priority=1022,ct_state=-inv+trk,set ${shown}`,
  ]);
});
