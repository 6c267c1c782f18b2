/** Groups with tags of their own: the flows, and what a change of a tag compiles. */
import { expect, test } from 'vitest';
import { emptyState, judge, type State } from '../../src/model/index.js';
import { addDependents, nothingDirty } from '../../src/pipeline/dependents.js';
import { accept, objectText, worldOf } from './support.js';

const blue = { tenant: 'blue' };
const web = (tag: object) => ({ kind: 'group', ...blue, name: 'web', network: 'lan', ...tag });
const base = accept(emptyState(), [
  { kind: 'settings', vtepIp: '172.31.0.1', vlanInterfaces: ['eth1'] },
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', ...blue, name: 'lan', vlan: 100 },
  { kind: 'network', ...blue, name: 'over', vni: 5001 },
  web({}),
  { kind: 'group', ...blue, name: 'app', network: 'over', vni: 7007 },
  { kind: 'endpoint', id: 'here', ...blue, network: 'lan', group: 'web', mac: '02:00:00:00:00:01', interface: 'w1' },
  { kind: 'endpoint', id: 'there', ...blue, network: 'lan', group: 'web', mac: '02:00:00:00:00:02' },
]);

/** The flows of an object in some tables, without cookies. */
function flows(state: State, kind: 'network' | 'endpoint', key: string, ...tables: string[]): string[] {
  return objectText(worldOf(state), state.object({ kind, key })!)
    .filter((line) => tables.some((table) => line.includes(`table=${table},`)))
    .map((line) => line.replace(/^ ?cookie=\w+, /, ''))
    .toSorted();
}

test('a network takes frames with its groups’ tags, and sends with the group’s what a member sends', () => {
  const state = accept(base, [web({ vlan: 207 })]);
  expect(flows(state, 'network', 'blue/lan', 'uplink', 'outerTag', 'deliver')).toMatchInlineSnapshot(`
    [
      "table=deliver, priority=100,reg0=0x7761816c,reg1=0x300000/0xf00000,dl_src=02:73:6c:75:69:63 actions=set_field:06:00:00:00:00:01->eth_src,goto_table:outerTag",
      "table=deliver, priority=100,reg0=0x7761816c,reg1=0x400000/0xf00000 actions=output:w1,goto_table:outerTag",
      "table=outerTag, priority=10,reg0=0x7761816c actions=push_vlan:0x8100,set_field:4196->vlan_vid,output:"sluice-uplink"",
      "table=outerTag, priority=100,reg0=0x7761816c,reg10=0xd00f8f14 actions=push_vlan:0x8100,set_field:4303->vlan_vid,output:"sluice-uplink"",
      "table=uplink, priority=10,dl_vlan=100 actions=pop_vlan,set_field:0x7761816c->reg0,set_field:0x3841/0xffff->reg1,set_field:0x30000/0xf0000->reg1,goto_table:source",
      "table=uplink, priority=10,dl_vlan=207 actions=pop_vlan,set_field:0x7761816c->reg0,set_field:0x3841/0xffff->reg1,set_field:0x30000/0xf0000->reg1,goto_table:source",
    ]
  `);
  expect(flows(state, 'network', 'blue/over', 'tunnelNetwork', 'outerTag')).toMatchInlineSnapshot(`
    [
      "table=outerTag, priority=10,reg0=0x944c4a5b actions=set_field:0x1389->tun_id,goto_table:tunnelSource",
      "table=outerTag, priority=100,reg0=0x944c4a5b,reg10=0xdf9629b3 actions=set_field:0x1b5f->tun_id,goto_table:tunnelSource",
      "table=tunnelNetwork, priority=100,tun_id=0x1389,vlan_tci=0x0000/0x1000 actions=set_field:0x944c4a5b->reg0,set_field:0x3841/0xffff->reg1,set_field:0x20000/0xf0000->reg1,goto_table:tunnelPeer",
      "table=tunnelNetwork, priority=100,tun_id=0x1b5f,vlan_tci=0x0000/0x1000 actions=set_field:0x944c4a5b->reg0,set_field:0x3841/0xffff->reg1,set_field:0x20000/0xf0000->reg1,goto_table:tunnelPeer",
    ]
  `);
  expect(flows(state, 'endpoint', 'here', 'classify')).toMatchInlineSnapshot(`
    [
      "table=classify, priority=100,in_port=w1,vlan_tci=0x0000/0x1000 actions=set_field:0x7761816c->reg0,set_field:0x7761816c->reg8,set_field:0x3841/0xffff->reg1,set_field:0x10000/0xf0000->reg1,set_field:0xd00f8f14->reg2,set_field:0xd00f8f14->reg10,goto_table:spoofGuard",
    ]
  `);
});

function compiledFor(state: State, put: object): string[] {
  const judged = judge(state, { put: [put] });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  const dirty = nothingDirty();
  addDependents(dirty, judged.accepted.changes, judged.accepted.state);
  return [...dirty.objects.values()].map(({ kind, key }) => `${kind} ${key}`).toSorted();
}

test('the first tag compiles the network and the local members, another one the network alone', () => {
  expect(compiledFor(base, web({ vlan: 207 }))).toEqual(['endpoint here', 'group blue/web', 'network blue/lan']);
  const tagged = accept(base, [web({ vlan: 207 })]);
  expect(compiledFor(tagged, web({ vlan: 208 }))).toEqual(['group blue/web', 'network blue/lan']);
  expect(compiledFor(tagged, web({}))).toEqual(['endpoint here', 'group blue/web', 'network blue/lan']);
  expect(compiledFor(tagged, web({ vlan: 207, defaultAction: 'deny' }))).toEqual(['group blue/web']);
});
