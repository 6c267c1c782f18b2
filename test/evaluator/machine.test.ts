/** The offline evaluator itself: what OpenFlow says about lookup and actions. Neighbour: trace.test.ts, against a real switch. */
import { expect, test } from 'vitest';
import { parseIpv4, parseMac } from '../../src/model/index.js';
import { parseFlow } from '../../src/openflow/index.js';
import { Conntrack } from './conntrack.js';
import { copyOf } from './forwarding.js';
import { run, type Journey } from './machine.js';
import { proto, tupleOf, type Frame, type Ip } from './packet.js';
import { AmbiguityError, Tables } from './tables.js';

const ip = (text: string): number => parseIpv4(text) ?? 0;
const web: Ip = {
  ...({ kind: 'ip', source: ip('10.0.0.1'), destination: ip('10.0.0.2') } as const),
  ...{ protocol: proto.tcp, tpSrc: 40_000, tpDst: 80 },
};
const one: Frame = {
  inPort: 1,
  ethSrc: parseMac('02:00:00:00:00:01')!,
  ethDst: parseMac('02:00:00:00:00:02')!,
  body: web,
};

function through(flows: string[], frame: Partial<Frame> = {}, conntrack?: Conntrack): Journey {
  return run(new Tables(flows.map((text) => parseFlow(text))), { ...one, ...frame }, conntrack);
}
const sent = (journey: Journey): string[] => journey.sent.map(copyOf);

test.each<[string, string[], string[]]>([
  ['the highest priority', ['priority=1,actions=output:2', 'priority=2,actions=output:3'], ['port 3']],
  ['a prefix', ['ip,nw_src=10.0.0.0/24,actions=output:2'], ['port 2']],
  ['another prefix', ['ip,nw_src=10.0.1.0/24,actions=output:2'], []],
  ['a port of another protocol', ['udp,tp_dst=80,actions=output:2'], []],
  ['the untagged', ['vlan_tci=0x0000/0x1000,actions=output:2'], ['port 2']],
  ['another family', ['ipv6,actions=output:2'], []],
  ['the untracked', ['ct_state=+trk,actions=output:2', 'priority=1,actions=output:3'], ['port 3']],
  ['half a register pair', ['reg1=0,reg2=5,actions=output:2', 'priority=1,reg1=0,actions=output:3'], ['port 3']],
])('a lookup finds %s', (_, flows, copies) => {
  expect(sent(through(flows))).toEqual(copies);
});

test.each<[string, string, string[]]>([
  ['a set field under a mask', 'load:5->NXM_NX_REG1[16..19],output:NXM_NX_REG1[16..31]', ['port 5']],
  ['a move of bits', 'load:0x70000->reg1,move:NXM_NX_REG1[16..19]->NXM_NX_REG2[0..3],output:NXM_NX_REG2[]', ['port 7']],
  ['a tag pushed', 'push_vlan:0x8100,set_field:4196->vlan_vid,output:4', ['port 4 vlan 100']],
  ['a tag pushed and taken off', 'push_vlan:0x8100,output:3,pop_vlan,output:4', ['port 3 vlan 0', 'port 4']],
  ['a tunnel', 'set_field:7->tun_id,set_field:10.9.9.9->tun_dst,output:1001', [`tunnel 7 0→${ip('10.9.9.9')}`]],
  ['nothing back to where it came from', 'output:1,output:2', ['port 2']],
  ['back by name', 'IN_PORT', ['port 1']],
])('actions do %s', (_, actions, copies) => {
  expect(sent(through([`actions=${actions}`]))).toEqual(copies);
});

test('actions come before the next table, and the path names every flow', () => {
  const journey = through([
    'table=0,actions=load:9->NXM_NX_REG6[],goto_table:3',
    'table=3,priority=7,reg6=9,actions=output:NXM_NX_REG6[]',
  ]);
  expect(journey.path.map(({ table, flows }) => [table, flows[0]?.priority])).toEqual([
    [0, 0x8000],
    [3, 7],
  ]);
  expect(sent(journey)).toEqual(['port 9']);
  expect(journey.fields.get('reg6')).toBe(9n);
});

test('two flows of one priority that disagree are an ambiguity, and two that agree are not', () => {
  expect(() => through(['tcp,actions=output:2', 'ip,nw_dst=10.0.0.2,actions=drop'])).toThrow(AmbiguityError);
  expect(through(['tcp,actions=output:2', 'ip,nw_dst=10.0.0.2,actions=output:2']).path[0]?.flows).toHaveLength(2);
});

const tracking = [
  'table=0,ip,actions=ct(table=1,zone=5)',
  'table=1,ct_state=+new+trk,ip,actions=ct(commit,zone=5),output:2',
  'table=1,ct_state=+est-rpl+trk,actions=output:3',
  'table=1,ct_state=+est+rpl+trk,ct_nw_proto=6,ct_tp_dst=80,ip,ct_nw_src=10.0.0.1,actions=output:4',
  'table=1,ct_state=+rel+rpl+trk,ip,ct_nw_dst=10.0.0.2,actions=output:5',
  'table=1,ct_state=+inv+trk,actions=output:6',
];

test('a connection is new, then established; its reply and its errors carry the original tuple', () => {
  const conntrack = new Conntrack();
  const back: Ip = { ...web, source: web.destination, destination: web.source, tpSrc: 80, tpDst: 40_000 };
  const error: Ip = {
    ...({ kind: 'ip', source: web.destination, destination: web.source } as const),
    ...{ protocol: proto.icmp, icmpType: 3, about: tupleOf(web) },
  };
  const goes = (body: Ip): string[] => sent(through(tracking, { body }, conntrack));
  expect(goes(error)).toEqual(['port 6']);
  expect(goes(web)).toEqual(['port 2']);
  expect(goes(web)).toEqual(['port 3']);
  expect(goes(back)).toEqual(['port 4']);
  expect(goes(error)).toEqual(['port 5']);
  expect(goes({ ...back, tpDst: 40_001 })).toEqual(['port 2']);
});
