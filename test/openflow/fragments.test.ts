// Fragments and lists: parts of flows and groups that other templates take up.
// Neighbours: templates.test.ts has the holes; switch.test.ts proves the written-out flows against vswitchd.
// Invariant: expected bytes come from parseFlow and parseGroup of plain text.

import { describe, expect, test } from 'vitest';
import {
  a,
  b,
  flow,
  group,
  type Hole,
  m,
  parseFlow,
  parseGroup,
  prefix,
  register,
  table,
} from '../../src/openflow/index.js';
import { hex } from './support/switch.js';

const ip6 = new Uint8Array([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
const spoof = table('spoofGuard', 10);
const network = register(0, 0, 15, 'network');

function same(actual: Uint8Array, text: string): void {
  expect(hex(actual)).toBe(hex(parseFlow(text)));
}

describe('fragments', () => {
  test('of the match are taken up where they stand, or are not there', () => {
    const peer = (fragment: Hole) =>
      flow`table=${spoof}, ct_state=+trk-inv, ${fragment}, ${network}=${5}, actions=drop`;
    same(peer(undefined), 'table=10,ct_state=+trk-inv,reg0=5/0xffff,actions=drop');
    same(peer([]), 'table=10,ct_state=+trk-inv,reg0=5/0xffff,actions=drop');
    same(
      peer(m`ip, ct_nw_src=${prefix(0x0a000000, 8)}`),
      'table=10,ip,ct_state=+trk-inv,ct_nw_src=10.0.0.0/8,reg0=5/0xffff,actions=drop',
    );
    same(
      peer(m`ipv6, ct_ipv6_src=${ip6}`),
      'table=10,ipv6,ct_state=+trk-inv,ct_ipv6_src=fe80::9,reg0=5/0xffff,actions=drop',
    );
    same(
      peer([m`ct_nw_proto=${6}`, m`ct_tp_dst=${80}`]),
      'table=10,ct_state=+trk-inv,ct_nw_proto=6,ct_tp_dst=80,reg0=5/0xffff,actions=drop',
    );
  });

  test('may hold fragments', () => {
    const ports = m`tcp, tp_dst=${80}`;
    same(
      flow`${m`${ports}, nw_src=${1}`}, actions=${a`${a`output:${1}`}, output:${2}`}`,
      'tcp,tp_dst=80,nw_src=0.0.0.1,actions=output:1,output:2',
    );
  });

  test('of actions may end in an instruction', () => {
    const then = (fragment: Hole) => flow`actions=set_field:${1}->reg0, ${fragment}`;
    same(then(a`goto_table:${spoof}`), 'actions=set_field:1->reg0,goto_table:10');
    same(then(a`output:${4}`), 'actions=set_field:1->reg0,output:4');
    same(then(undefined), 'actions=set_field:1->reg0');
    same(flow`actions=${undefined}`, 'actions=drop');
  });

  test('in a list are appended, any number of them', () => {
    const flood = (ports: readonly number[]) =>
      flow`reg0=${7}, actions=set_field:${1}->reg1, ${ports.map((p) => a`output:${p}`)}, set_field:${2}->reg1, goto_table:${spoof}`;
    for (const count of [0, 1, 2, 3, 100]) {
      const ports = Array.from({ length: count }, (_, i) => i + 1);
      const text = ports.map((p) => `output:${p},`).join('');
      same(flood(ports), `reg0=7,actions=set_field:1->reg1,${text}set_field:2->reg1,goto_table:10`);
    }
  });

  test('in a list may differ, and may hold lists', () => {
    const inner = [a`output:${1}`, a`set_field:${5}->${network}`];
    const mixed = [a`output:${3}`, a`clone(${inner}, output:${9})`, a`ct_clear`];
    same(flow`actions=${mixed}`, 'actions=output:3,clone(output:1,set_field:5->reg0[0..15],output:9),ct_clear');
    const marks = [a`set_field:${1}->ct_mark`, a`load:${2}->NXM_NX_CT_LABEL[0..31]`];
    same(
      flow`ip, actions=ct(commit, zone=${3}, exec(${marks})), output:${4}`,
      'ip,actions=ct(commit,zone=3,exec(set_field:1->ct_mark,load:2->NXM_NX_CT_LABEL[0..31])),output:4',
    );
    const clauses = [1, 2].map((id) => a`conjunction(${id},${1}/${2})`);
    same(flow`tcp, actions=${clauses}`, 'tcp,actions=conjunction(1,1/2),conjunction(2,1/2)');
    same(
      flow`actions=write_actions(${inner}), goto_table:${spoof}`,
      'actions=write_actions(output:1,set_field:5->reg0[0..15]),goto_table:10',
    );
  });

  test('of a list know what the match says', () => {
    same(flow`tcp, actions=${[a`set_field:${80}->tcp_dst`]}`, 'tcp,actions=set_field:80->tcp_dst');
    expect(() => flow`actions=${[a`set_field:${80}->tcp_dst`]}`).toThrow(/tcp_dst needs tcp/);
  });
});

describe('groups', () => {
  const sameGroup = (actual: Uint8Array, text: string) => expect(hex(actual)).toBe(hex(parseGroup(text)));

  test('buckets in lists', () => {
    for (const count of [0, 1, 5]) {
      const ports = Array.from({ length: count }, (_, i) => i + 1);
      sameGroup(
        group`group_id=${7}, type=select, selection_method=dp_hash, ${ports.map((p) => b`bucket=bucket_id:${p}, weight:${p * 2}, actions=set_field:${p}->reg0, output:${p}`)}`,
        `group_id=7,type=select,selection_method=dp_hash${ports.map((p) => `,bucket=bucket_id:${p},weight:${p * 2},actions=set_field:${p}->reg0,output:${p}`).join('')}`,
      );
    }
  });

  test('actions in lists in buckets', () => {
    sameGroup(
      group`group_id=${8}, type=all, bucket=bucket_id:${1}, actions=${[a`output:${1}`, a`output:${2}`]}, bucket=bucket_id:2, actions=output:${3}`,
      'group_id=8,type=all,bucket=bucket_id:1,actions=output:1,output:2,bucket=bucket_id:2,actions=output:3',
    );
    sameGroup(
      group`group_id=9, type=ff, bucket=watch_port:${1}, actions=output:${1}`,
      'group_id=9,type=ff,bucket=watch_port:1,actions=output:1',
    );
  });
});
