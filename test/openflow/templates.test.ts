// Templates with holes give the bytes of the same flow written out, for every field and every kind of hole.
// Neighbours: fragments.test.ts; switch.test.ts proves the written-out flows against vswitchd.
// Invariant: expected bytes come from parseFlow of plain text.

import { describe, expect, test } from 'vitest';
import {
  type Field,
  fields,
  flow,
  type Hole,
  m,
  masked,
  matchFields,
  parseFlow,
  prefix,
  register,
  table,
  templateStats,
} from '../../src/openflow/index.js';
import { flowAround, templateOf } from './support/template.js';
import { hex } from './support/switch.js';

const mac = new Uint8Array([2, 0, 0, 0, 0, 1]);
const ip6 = new Uint8Array([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
const spoof = table('spoofGuard', 10);
const network = register(0, 0, 15, 'network');
const wide = register(1, 0, 31, 'wide');
const flag = register(2, 5, 5, 'flag');
const zone = register(3, 16, 31, 'zone');

function same(actual: Uint8Array, text: string): void {
  expect(hex(actual)).toBe(hex(parseFlow(text)));
}

/** What must stand before a field of that prerequisite. */
const before: Readonly<Record<Field['prerequisite'], string>> = {
  none: '',
  vlan: 'vlan_tci=0x1000/0x1000',
  mpls: 'mpls',
  ipv4: 'ip',
  ipv6: 'ipv6',
  ip: 'ip',
  arp: 'arp',
  tcp: 'tcp',
  udp: 'udp6',
  sctp: 'sctp',
  icmp4: 'icmp',
  icmp6: 'icmp6',
  nd: 'icmp6,icmp_type=136,icmp_code=0',
  'nd-solicit': 'icmp6,icmp_type=135,icmp_code=0',
  'nd-advert': 'icmp6,icmp_type=136,icmp_code=0',
  ct: 'ct_state=+trk-inv',
  'ct-ipv4': 'ip,ct_state=+trk-inv',
  'ct-ipv6': 'ipv6,ct_state=+trk-inv',
  'ct-port': 'ct_state=+trk-inv,ct_nw_proto=6',
};

interface Sample {
  readonly hole: Hole;
  readonly text: string;
}

const special: Readonly<Record<string, Sample>> = {
  vlan_vid: { hole: 5, text: '4101' },
  ip_frag: { hole: 3, text: 'later' },
  ct_state: { hole: 0x22, text: 'est|trk' },
  tcp_flags: { hole: 2, text: 'syn' },
};

/** A value of the field as a hole and as text. */
function sample(field: Field): Sample {
  const known = special[field.name];
  if (known !== undefined) return known;
  switch (field.notation) {
    case 'ethernet':
      return { hole: mac, text: '02:00:00:00:00:01' };
    case 'ipv4':
      return { hole: 0x0a010203, text: '10.1.2.3' };
    case 'ipv6':
      return { hole: ip6, text: 'fe80::9' };
    default:
  }
  if (field.bits === 64) return { hole: [0x89abcdef, 1], text: '0x89abcdef00000001' };
  if (field.bits === 128) return { hole: ip6, text: '0xfe800000000000000000000000000009' };
  return { hole: 2 ** field.bits - 1, text: String(2 ** field.bits - 1) };
}

/** The same with a mask that leaves the last bits out, where a number says it. */
function maskedSample(field: Field): Sample | undefined {
  if (!field.maskable || special[field.name] !== undefined || field.bits < 2) return undefined;
  if (field.notation === 'ipv4') return { hole: prefix(0x0a010203, 24), text: '10.1.2.0/24' };
  if (field.notation === 'ipv6') return { hole: prefix(ip6, 64), text: 'fe80::/64' };
  if (field.notation === 'ethernet') {
    const mask = new Uint8Array([0xff, 0xff, 0xff, 0, 0, 0]);
    return { hole: masked(new Uint8Array([2, 0, 0, 0, 0, 0]), mask), text: '02:00:00:00:00:00/ff:ff:ff:00:00:00' };
  }
  if (field.bits === 64) return { hole: masked([1, 0], [0xff, 0]), text: '0x100000000/0xff00000000' };
  if (field.bits === 128) {
    const ones = new Uint8Array(16).fill(0xff, 0, 8);
    return {
      hole: masked(
        ip6.map((byte, i) => byte & ones[i]!),
        ones,
      ),
      text: '0xfe800000000000000000000000000000/0xffffffffffffffff0000000000000000',
    };
  }
  return { hole: masked(2, 2), text: '2/2' };
}

describe('a value hole', () => {
  const matchable = matchFields.filter(
    ({ name }) => name !== 'packet_type' && name !== 'eth_type' && name !== 'actset_output',
  );

  test.each(matchable.map((field) => [field.name, field] as const))('in the match of %s', (name, field) => {
    const { hole, text } = name === 'in_port_oxm' ? { hole: 9, text: '9' } : sample(field);
    const lead = `${before[field.prerequisite]},${field.matchName}=`;
    // The VLAN's own prerequisite would only repeat what the hole says.
    const start = name === 'vlan_vid' ? 'vlan_vid=' : lead;
    same(flowAround(start, hole, ',actions=drop'), `${start}${text},actions=drop`);
    const part = maskedSample(field);
    if (part !== undefined) same(flowAround(start, part.hole, ',actions=drop'), `${start}${part.text},actions=drop`);
  });

  const settable = fields.filter(({ writable, name }) => writable && name !== 'ct_mark' && name !== 'ct_label');
  test.each(settable.map((field) => [field.name, field] as const))('in set_field of %s', (name, field) => {
    const start = `${before[field.prerequisite]},actions=set_field:`;
    const given =
      name === 'in_port' ? { hole: 9, text: '9' } : name === 'nw_tos' ? { hole: 32, text: '32' } : sample(field);
    same(flowAround(start, given.hole, `->${name}`), `${start}${given.text}->${name}`);
    const part = maskedSample(field);
    if (part !== undefined) same(flowAround(start, part.hole, `->${name}`), `${start}${part.text}->${name}`);
  });

  test('in names that share a wire field', () => {
    same(flow`dl_vlan=${7}, dl_vlan_pcp=${3}, actions=drop`, 'dl_vlan=7,dl_vlan_pcp=3,actions=drop');
    same(
      flow`udp6, tp_src=${53}, tp_dst=${masked(0x1000, 0xf000)}, actions=drop`,
      'udp6,tp_src=53,tp_dst=0x1000/0xf000,actions=drop',
    );
    same(flow`reg0=${1}, reg1=${2}, reg4=${3}, actions=drop`, 'reg0=1,reg1=2,reg4=3,actions=drop');
    same(flow`in_port=${0xfffffffe}, actions=drop`, 'in_port=LOCAL,actions=drop');
    same(flow`arp, nw_dst=${0x01020304}, arp_op=${2}, actions=drop`, 'arp,arp_tpa=1.2.3.4,arp_op=2,actions=drop');
  });

  test('with a literal mask of low bits', () => {
    same(
      flow`metadata=${5}/0xffffffff, reg3=${5}/0xff, actions=drop`,
      'metadata=5/0xffffffff,reg3=5/0xff,actions=drop',
    );
  });

  test('in every other shape of the same value', () => {
    same(flow`ip, nw_src=${new Uint8Array([10, 1, 2, 3])}, actions=drop`, 'ip,nw_src=10.1.2.3,actions=drop');
    same(flow`metadata=${5}, tun_id=${2 ** 40 + 1}, actions=drop`, 'metadata=5,tun_id=0x10000000001,actions=drop');
    same(
      flow`metadata=${0x1122334455667788n}, reg1=${7n}, actions=drop`,
      'metadata=0x1122334455667788,reg1=7,actions=drop',
    );
    same(
      flow`metadata=${new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8])}, actions=drop`,
      'metadata=0x102030405060708,actions=drop',
    );
  });

  test('in the header', () => {
    same(
      flow`table=${spoof}, priority=${65535}, idle_timeout=${3}, hard_timeout=${4}, importance=${5}, send_flow_rem, actions=drop`,
      'table=10,priority=65535,idle_timeout=3,hard_timeout=4,importance=5,send_flow_rem,actions=drop',
    );
    same(flow`table=${9}, actions=drop`, 'table=9,actions=drop');
  });
});

describe('masks', () => {
  const from = (hole: Hole) => flow`ip, nw_src=${hole}, actions=drop`;

  test('a full prefix is exact, an empty one leaves the field out', () => {
    same(from(prefix(0x0a010203, 32)), 'ip,nw_src=10.1.2.3,actions=drop');
    same(from(prefix(0x0a010203, 31)), 'ip,nw_src=10.1.2.2/31,actions=drop');
    same(from(prefix(0x0a010203, 0)), 'ip,actions=drop');
    same(from(prefix(new Uint8Array([10, 1, 2, 3]), 8)), 'ip,nw_src=10.0.0.0/8,actions=drop');
    same(from(0x0a010203), 'ip,nw_src=10.1.2.3,actions=drop');
    same(flow`ipv6, ipv6_dst=${prefix(ip6, 128)}, actions=drop`, 'ipv6,ipv6_dst=fe80::9,actions=drop');
    same(flow`ipv6, ipv6_dst=${prefix(ip6, 0)}, actions=drop`, 'ipv6,actions=drop');
  });

  test('a mask that is full for its field is exact', () => {
    const to = (hole: Hole) => flow`tcp, tp_dst=${hole}, ${network}=${hole}, actions=drop`;
    same(to(masked(80, 0xffff)), 'tcp,tp_dst=80,reg0=80/0xffff,actions=drop');
    same(to(masked(80, 0xfff0)), 'tcp,tp_dst=80/0xfff0,reg0=80/0xfff0,actions=drop');
    same(to(masked(0, 0)), 'tcp,actions=drop');
    same(flow`${m`tcp, tp_dst=${masked(80, 0xffff)}`}, actions=drop`, 'tcp,tp_dst=80,actions=drop');
    same(flow`metadata=${masked([0, 5], [0xffffffff, 0xffffffff])}, actions=drop`, 'metadata=5,actions=drop');
    same(flow`${wide}=${masked(0x80000000, 0xffffffff)}, actions=drop`, 'reg1=0x80000000,actions=drop');
  });

  test('a value outside its mask is refused where it is made', () => {
    expect(() => masked(5, 4)).toThrow(/outside its mask/);
    expect(() => masked(mac, new Uint8Array(6))).toThrow(/outside its mask/);
    expect(() => prefix(1, 33)).toThrow(/\/33/);
  });
});

describe('structural holes', () => {
  test('tables and register ranges', () => {
    same(
      flow`table=${table('a', 3)}, ${network}=${7}, ${flag}=1, ${wide}=${masked(0x100, 0xff00)}, actions=set_field:${5}->${network}, set_field:${6}->${wide}, set_field:1->${flag}, goto_table:${spoof}`,
      'table=3,reg0=7/0xffff,reg2=0x20/0x20,reg1=0x100/0xff00,actions=set_field:5/0xffff->reg0,set_field:6->reg1,set_field:0x20/0x20->reg2,goto_table:10',
    );
    same(
      flow`ip, actions=move:${network}->${zone}, output:${network}, ct(table=${spoof}, zone=${zone}), resubmit(,${spoof}), load:${3}->${zone}`,
      'ip,actions=move:NXM_NX_REG0[0..15]->NXM_NX_REG3[16..31],output:NXM_NX_REG0[0..15],ct(table=10,zone=NXM_NX_REG3[16..31]),resubmit(,10),set_field:0x30000/0xffff0000->reg3',
    );
    same(flow`${network}=${1}, ${register(0, 16, 31)}=${2}, actions=drop`, 'reg0=0x20001,actions=drop');
    same(
      flow`actions=set_field:${masked(1, 3)}->${zone}, output:${wide}`,
      'actions=set_field:0x10000/0x30000->reg3,output:NXM_NX_REG1[]',
    );
  });

  test('another constant at the same place is another variant', () => {
    const at = (where: ReturnType<typeof table>) => flow`table=${where}, actions=goto_table:${spoof}`;
    const count = () => templateStats().variants;
    at(table('x', 1));
    const start = count();
    const two = table('y', 2);
    same(at(two), 'table=2,actions=goto_table:10');
    same(at(two), 'table=2,actions=goto_table:10');
    expect(count() - start).toBe(1);
  });

  test('one site with more shapes in turn than it remembers', () => {
    const ports = (count: number) => Array.from({ length: count }, (_, i) => m`ct_tp_dst=${100 + i}`);
    const at = (where: Hole, peer: Hole, service: Hole, value: Hole) =>
      flow`table=${where}, ct_state=+trk-inv, ${peer}, ct_nw_proto=6, ${service}, ${wide}=${value}, actions=drop`;
    const tables = [spoof, table('other', 11)];
    const peers: readonly (readonly [Hole, string])[] = [
      [undefined, ''],
      [m`ip, ct_nw_src=${prefix(0x0a000000, 8)}`, 'ip,ct_nw_src=10.0.0.0/8,'],
      [m`ip, ct_nw_src=${prefix(0x0a000001, 32)}`, 'ip,ct_nw_src=10.0.0.1,'],
      [m`ip, ct_nw_src=${prefix(0, 0)}`, 'ip,'],
      [m`${m`ipv6`}, ct_ipv6_src=${ip6}`, 'ipv6,ct_ipv6_src=fe80::9,'],
    ];
    const services: readonly (readonly [Hole, string])[] = [
      [[], ''],
      [ports(1), 'ct_tp_dst=100,'],
      [m`ct_tp_dst=${masked(64, 0xffc0)}`, 'ct_tp_dst=64/0xffc0,'],
    ];
    const values: readonly (readonly [Hole, string])[] = [
      [7, '7'],
      [0xfedcba98, '0xfedcba98'],
      [masked(0x100, 0xff00), '0x100/0xff00'],
      [masked(0x80000000, 0xffffffff), '0x80000000'],
    ];
    for (let round = 0; round < 3; round++) {
      for (const where of tables)
        for (const [peer, peerText] of peers)
          for (const [service, serviceText] of services)
            for (const [value, valueText] of values)
              same(
                at(where, peer, service, value),
                `table=${where.id},ct_state=+trk-inv,${peerText}ct_nw_proto=6,${serviceText}reg1=${valueText},actions=drop`,
              );
    }
    expect(() => at(spoof, undefined, [], 2 ** 32)).toThrow(/4294967296 is not a whole number/);
  });

  test('too many variants are evicted, counted, and still right', () => {
    const strings = templateOf('table=', ',actions=drop');
    const { evictions } = templateStats();
    for (let i = 0; i < 600; i++) same(flow(strings, table(`t${i}`, i % 200)), `table=${i % 200},actions=drop`);
    expect(templateStats().evictions).toBeGreaterThan(evictions);
  });
});

describe('action holes', () => {
  test.each<[string, Uint8Array, string]>([
    ['output', flow`actions=output:${3}, output:${0xfffffff8}`, 'actions=output:3,IN_PORT'],
    ['group and meter', flow`actions=meter:${1}, group:${7}`, 'actions=meter:1,group:7'],
    ['set_queue', flow`actions=set_queue:${4}`, 'actions=set_queue:4'],
    [
      'resubmit',
      flow`actions=resubmit(${2},${spoof}), resubmit(,${9}), resubmit:${5}`,
      'actions=resubmit(2,10),resubmit(,9),resubmit:5',
    ],
    ['conjunction', flow`ip, actions=conjunction(${70000},${1}/${2})`, 'ip,actions=conjunction(70000,1/2)'],
    [
      'check_pkt_larger',
      flow`actions=check_pkt_larger(${1500})->${flag}`,
      'actions=check_pkt_larger(1500)->NXM_NX_REG2[5]',
    ],
    [
      'push_vlan',
      flow`actions=push_vlan:0x8100, set_field:${5}->vlan_vid, set_vlan_pcp:${3}`,
      'actions=push_vlan:0x8100,set_field:4101->vlan_vid,set_field:3->vlan_pcp',
    ],
    [
      'write_metadata',
      flow`actions=write_metadata:${[1, 2]}, goto_table:${spoof}`,
      'actions=write_metadata:0x100000002,goto_table:10',
    ],
    [
      'masked metadata',
      flow`actions=write_metadata:${masked([0, 1], [0, 3])}, goto_table:${spoof}`,
      'actions=write_metadata:1/3,goto_table:10',
    ],
    [
      'ct',
      flow`ip, actions=ct(commit, zone=${9}, table=${spoof}, exec(set_field:${5}->ct_mark, set_field:${ip6}->ct_label))`,
      'ip,actions=ct(commit,zone=9,table=10,exec(set_field:5->ct_mark,set_field:0xfe800000000000000000000000000009->ct_label))',
    ],
    [
      'nat',
      flow`tcp, actions=ct(commit, nat(src=${0x0a000001}-${0x0a000002}:${80}-${90}))`,
      'tcp,actions=ct(commit,nat(src=10.0.0.1-10.0.0.2:80-90))',
    ],
    [
      'IPv6 nat',
      flow`tcp6, actions=ct(commit, nat(dst=[${ip6}]:${80})), ct(commit, nat(dst=${ip6}))`,
      'tcp6,actions=ct(commit,nat(dst=[fe80::9]:80)),ct(commit,nat(dst=fe80::9))',
    ],
    [
      'learn',
      flow`actions=learn(table=${spoof}, priority=${5}, idle_timeout=${6}, reg0=${7}, eth_src=${mac}, load:${8}->${network}, output:NXM_OF_IN_PORT[])`,
      'actions=learn(table=10,priority=5,idle_timeout=6,reg0=7,eth_src=02:00:00:00:00:01,load:8->NXM_NX_REG0[0..15],output:NXM_OF_IN_PORT[])',
    ],
    [
      'tunnel',
      flow`actions=set_field:${5001}->tun_id, set_field:${0x0a000001}->tun_dst, set_field:${ip6}->tun_ipv6_dst`,
      'actions=set_field:5001->tun_id,set_field:10.0.0.1->tun_dst,set_field:fe80::9->tun_ipv6_dst',
    ],
    ['TTL', flow`ip, actions=mod_nw_ttl:${5}, dec_ttl(${1},${2})`, 'ip,actions=mod_nw_ttl:5,dec_ttl(1,2)'],
    ['controller', flow`actions=controller(max_len=${100}, id=${5})`, 'actions=controller(max_len=100,id=5)'],
    ['a part of a packet', flow`actions=output(port=${2},max_len=${64})`, 'actions=output(port=2,max_len=64)'],
  ])('%s', (_, actual, text) => same(actual, text));
});
