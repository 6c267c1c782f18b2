// What is wrong with a flow is said with the field, the hole and the place in the caller's source.
// Neighbours: src/openflow/errors.ts.
// Invariant: everything refused here would be refused by vswitchd too, or would silently match something else.

import { describe, expect, test } from 'vitest';
import {
  a,
  flow,
  FlowError,
  group,
  type Hole,
  m,
  masked,
  parseFlow,
  prefix,
  register,
  table,
} from '../../src/openflow/index.js';

const here = /errors\.test\.ts:\d+:\d+$/;

function failure(run: () => unknown): FlowError {
  try {
    run();
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const mac = new Uint8Array(6);
const r16 = register(0, 0, 15);

describe('a value that does not fit names its field, hole and call site', () => {
  test.each<[string, () => unknown, string, number]>([
    ['a VLAN of 5000', () => flow`in_port=${1}, dl_vlan=${5000}, actions=drop`, 'dl_vlan', 2],
    ['a VLAN of 5000 that is set', () => flow`dl_vlan=1, actions=set_field:${5000}->vlan_vid`, 'vlan_vid', 1],
    ['a negative number', () => flow`reg0=${-1}, actions=drop`, 'reg0', 1],
    ['a fraction', () => flow`reg0=${1.5}, actions=drop`, 'reg0', 1],
    ['not a number', () => flow`reg0=${Number.NaN}, actions=drop`, 'reg0', 1],
    ['17 bits for 16', () => flow`${r16}=${65536}, actions=drop`, 'reg0[0..15]', 2],
    ['17 bits set to 16', () => flow`actions=set_field:${65536}->${r16}`, 'reg0[0..15]', 1],
    ['a port number', () => flow`tcp, tp_dst=${65536}, actions=drop`, 'tp_dst', 1],
    ['no such OpenFlow port', () => flow`actions=output:${65280}`, 'output', 1],
    ['five bytes for a MAC', () => flow`dl_src=${new Uint8Array(5)}, actions=drop`, 'dl_src', 1],
    ['a number for a MAC', () => flow`dl_src=${5}, actions=drop`, 'dl_src', 1],
    ['a MAC for an address', () => flow`ip, nw_src=${mac}, actions=drop`, 'nw_src', 1],
    ['a priority', () => flow`priority=${65536}, actions=drop`, 'priority', 1],
    ['a clause of 0', () => flow`ip, actions=conjunction(${1},${0}/${2})`, 'conjunction clause', 2],
    ['65 bits', () => flow`metadata=${1n << 64n}, actions=drop`, 'metadata', 1],
    ['a mask too wide', () => flow`tcp, tp_dst=${masked(0x10000, 0x10000)}, actions=drop`, 'tp_dst', 1],
    ['protocol 0 of a connection', () => flow`ct_state=+trk-inv, ct_nw_proto=${0}, actions=drop`, 'ct_nw_proto', 1],
    ['in a fragment', () => flow`in_port=${1}, ${m`tcp, tp_dst=${-5}`}, actions=drop`, 'tp_dst', 2],
    ['a mask on what takes none', () => flow`ip, nw_ttl=${masked(1, 1)}, actions=drop`, 'nw_ttl', 1],
  ])('%s', (_, run, field, hole) => {
    const error = failure(run);
    expect(error.field).toBe(field);
    expect(error.hole).toBe(hole);
    expect(error.message).toContain(field);
    expect(error.message).toContain(`hole ${hole}`);
    expect(error.site).toMatch(here);
  });

  test('the message shows the template', () => {
    expect(failure(() => flow`table=${table('t', 3)},  dl_vlan=${5000}, actions=drop`).message).toMatch(
      /^dl_vlan: 5000 is not a whole number 0\.\.4095 \(hole 2\) in `table=\$\{1\}, dl_vlan=\$\{2\}, actions=drop` at .*errors\.test\.ts:\d+:\d+$/,
    );
  });

  test('also when the value before it at the same place was right', () => {
    const vlan = (id: number) => flow`dl_vlan=${id}, actions=drop`;
    vlan(5);
    expect(failure(() => vlan(4096)).field).toBe('dl_vlan');
  });
});

describe('a missing prerequisite', () => {
  test.each<[string, string, RegExp]>([
    ['tp_dst=80,actions=drop', 'tp_dst', /needs tcp, udp or sctp/],
    ['ip,tcp_dst=80,actions=drop', 'tcp_dst', /needs tcp or tcp6/],
    ['tcp,nw_frag=later,tp_dst=80,actions=drop', 'tcp_dst', /not nw_frag=later/],
    ['nw_src=10.0.0.1,actions=drop', 'ip_src', /needs ip in the match/],
    ['ip,ipv6_src=::1,actions=drop', 'ipv6_src', /needs ipv6/],
    ['ip,arp_tpa=1.2.3.4,actions=drop', 'arp_tpa', /needs arp/],
    ['icmp6,icmp_type=136,nd_sll=00:00:00:00:00:01,actions=drop', 'nd_sll', /icmp_type=135/],
    ['icmp6,icmp_type=135,icmp_code=1,nd_target=::1,actions=drop', 'nd_target', /icmp_code=0/],
    ['ct_state=+trk,ct_nw_proto=6,actions=drop', 'ct_nw_proto', /needs ct_state=\+trk-inv/],
    ['ct_state=+trk-inv,ct_tp_dst=80,actions=drop', 'ct_tp_dst', /needs ct_nw_proto/],
    ['ct_state=+trk-inv,ct_nw_src=10.0.0.1,actions=drop', 'ct_nw_src', /needs ip and ct_state/],
    ['actions=set_field:80->tcp_dst', 'tcp_dst', /needs tcp/],
    ['actions=set_field:4101->vlan_vid', 'vlan_vid', /needs a VLAN tag/],
    ['dl_vlan=5,actions=pop_vlan,set_field:4101->vlan_vid', 'vlan_vid', /needs a VLAN tag/],
    ['actions=move:NXM_OF_IP_SRC[]->NXM_NX_REG0[]', 'ip_src', /needs ip/],
    ['actions=dec_ttl', 'dec_ttl', /needs ip or ipv6/],
    ['arp,actions=ct(commit)', 'ct', /needs ip or ipv6/],
    ['ip,actions=ct(commit,nat(src=fe80::1))', 'nat', /needs ipv6/],
    ['udp,actions=ct(commit,alg=ftp)', 'ct alg', /needs tcp/],
    ['ip,actions=resubmit(,3,ct)', 'resubmit(…,ct)', /ct_state/],
    ['ip,actions=fin_timeout(idle_timeout=1)', 'fin_timeout', /needs tcp/],
  ])('%s', (text, field, problem) => {
    const error = failure(() => parseFlow(text));
    expect(error.field).toBe(field);
    expect(error.message).toMatch(problem);
    expect(error.site).toMatch(here);
  });

  test('a hole does not establish one', () => {
    expect(failure(() => flow`dl_type=${0x800}, nw_src=${1}, actions=drop`).message).toMatch(/nw_src|ip_src needs ip/);
  });
});

describe('text that says nothing the switch knows', () => {
  test.each<[string, RegExp]>([
    ['ip', /needs actions=/],
    ['foo=1,actions=drop', /no match field "foo"/],
    ['foo,actions=drop', /"foo" is neither/],
    ['actions=foo', /no action "foo"/],
    ['actions=output:1,drop', /drop stands alone/],
    ['actions=output:1,meter:1', /meter must come first/],
    ['actions=goto_table:3,output:1', /stands behind an instruction/],
    ['actions=goto_table:3,write_metadata:1', /must stand before/],
    ['table=5,actions=goto_table:5', /does not go forward/],
    ['table=254,actions=drop', /not 0\.\.253/],
    ['priority=1,priority=2,actions=drop', /given twice/],
    ['reg0=1,reg0=2,actions=drop', /contradicts/],
    ['tcp,udp,actions=drop', /contradicts/],
    ['ip,nw_ttl=1/1,actions=drop', /does not take a mask/],
    ['reg0=0x100000000,actions=drop', /does not fit in 32 bits/],
    ['reg0[30..33]=1,actions=drop', /not within 32 bits/],
    ['dl_vlan=4096,actions=drop', /0\.\.4095/],
    ['dl_vlan=5,actions=set_field:5->vlan_vid', /write 4101/],
    ['ip,nw_tos=3,actions=drop', /ECN/],
    ['actions=set_field:1->ct_mark', /ct\(commit,exec/],
    ['ip,actions=ct(commit,exec(set_field:1->reg0))', /ct_mark and ct_label only/],
    ['ip,actions=ct(commit,exec(output:1))', /takes set_field/],
    ['ip,actions=ct(exec(set_field:1->ct_mark))', /exec needs commit/],
    ['ip,actions=ct(force)', /force needs commit/],
    ['ip,actions=ct(zone=NXM_NX_REG0[])', /needs 16 bits/],
    ['actions=move:NXM_NX_REG0[]->NXM_NX_REG1[0..15]', /32 bits to 16 bits/],
    ['actions=set_field:1->eth_type', /read-only/],
    ['actions=conjunction(1,3/2)', /clause 3 of 2/],
    ['actions=output:p9', /no port "p9"/],
    ['actions=output:(1', /not closed/],
    ['packet_type=(0,0),actions=drop', /default/],
  ])('%s', (text, problem) => {
    expect(failure(() => parseFlow(text)).message).toMatch(problem);
  });
});

describe('holes where they cannot be', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['a string', () => flow`${'tcp' as unknown as Hole}, actions=drop`, /string "tcp" \(text belongs in the template/],
    ['null', () => flow`reg0=${null as unknown as Hole}, actions=drop`, /null cannot stand/],
    ['an object', () => flow`reg0=${{} as unknown as Hole}, actions=drop`, /Object cannot stand/],
    ['a value among actions', () => flow`actions=${5}`, /a value stands where an action belongs/],
    ['a part of a value', () => flow`ip, nw_src=10.0.0.${1}, actions=drop`, /whole value/],
    ['two masks', () => flow`metadata=${masked([0, 1], [0, 1])}/0xff, actions=drop`, /two masks/],
    ['a mask with a gap', () => flow`reg0=${1}/0xf0, actions=drop`, /low bits only/],
    ['a TCI', () => flow`vlan_tci=${1}, actions=drop`, /use dl_vlan/],
    ['the same bits twice', () => flow`reg0=${1}, ${r16}=${2}, actions=drop`, /matched twice/],
    [
      'a list of actions as a value',
      () => flow`reg0=${[a`output:1`]}, actions=drop`,
      /list of actions cannot be a value/,
    ],
    ['an instruction in a list', () => flow`actions=${[a`goto_table:${table('t', 5)}`]}`, /no action "goto_table"/],
    ['a cookie', () => flow`cookie=${5}, actions=drop`, /comes from the owner/],
    ['an absent value to set', () => flow`ip, actions=set_field:${prefix(1, 0)}->ip_src`, /sets nothing/],
    ['a bucket without its id', () => group`group_id=1, type=all, ${[a`bucket=actions=output:1`]}`, /bucket_id/],
  ])('%s', (_, run, problem) => {
    const error = failure(run);
    expect(error.message).toMatch(problem);
    expect(error.site).toMatch(here);
  });
});
