/** What is refused of the VLANs and VNIs of groups; and what of them is taken, and kept apart. */
import { expect, test } from 'vitest';
import { accept, refuse, worldState } from '../support.js';
import { areRefused, group, network } from './rows.js';

const inBack = (vlan: number) => group({ network: 'back', vlan });
const inFront = (vni: number) => group({ network: 'front', vni });

areRefused([
  [
    'VLAN 4095 of a group',
    group({ network: 'back', vlan: 4095 }),
    '/objects/0/vlan out_of_range: vlan `4095` is outside 1–4094',
  ],
  [
    'a VLAN of a group without a network',
    group({ vlan: 7 }),
    '/objects/0/vlan contradiction: a vlan of its own needs network: whose frames those are',
  ],
  [
    'a VNI of a group without a network',
    group({ vni: 7 }),
    '/objects/0/vni contradiction: a vni of its own needs network: whose frames those are',
  ],
  [
    'a VLAN of a group in VXLAN',
    group({ network: 'front', vlan: 7 }),
    "/objects/0/vlan contradiction: network `blue/front` is in VXLAN, where a group's own tag is a vni (state vni, or leave out vlan)",
  ],
  [
    'a VNI of a group in a VLAN',
    group({ network: 'back', vni: 7 }),
    "/objects/0/vni contradiction: network `blue/back` is in VLAN, where a group's own tag is a vlan (state vlan, or leave out vni)",
  ],
  [
    'a group with both',
    group({ network: 'back', vlan: 7, vni: 7 }),
    '/objects/0/vni contradiction: a group has a VLAN or a VNI of its own, not both (leave one of them out)',
  ],
  [
    'a VNI that another tenant’s network has',
    inFront(5002),
    '/objects/0/vni duplicate: VNI 5002 is taken by `red/front`',
  ],
  [
    'a VLAN that another network has',
    [{ kind: 'network', tenant: 'red', name: 'n', vlan: 7 }, inBack(7)],
    '/objects/0/vlan duplicate: VLAN 7 is taken by `group blue/g`',
  ],
  [
    'a VLAN that another tenant’s group has',
    [
      { kind: 'network', tenant: 'red', name: 'lan', vlan: 200 },
      { kind: 'group', tenant: 'red', name: 'g', network: 'lan', vlan: 7 },
      inBack(7),
    ],
    '/objects/1/vlan duplicate: VLAN 7 is taken by `group blue/g`',
  ],
  [
    'a VNI that the network of the same name has',
    [network({ name: 'g', vni: 7 }), inFront(7)],
    '/objects/1/vni duplicate: VNI 7 is taken by `blue/g`',
  ],
]);

test('a network does not get what a group of it has, but the two may change places', () => {
  const state = accept(worldState(), { put: [inBack(7)] });
  const retag = { kind: 'network', tenant: 'blue', name: 'back', vlan: 7, subnet: '10.2.2.0/24' };
  expect(refuse(state, { put: [retag] })).toMatchObject([
    { pointer: '/objects/0/vlan', code: 'duplicate', message: 'VLAN 7 is taken by `group blue/g`' },
  ]);
  const swap = accept(state, { put: [retag, inBack(100)] });
  expect(swap.groups.get('blue/g')?.spec).toMatchObject({ vlan: 100 });
});

test('a network that changes its encapsulation must suit the tags of its groups', () => {
  const state = accept(worldState(), { put: [inBack(7)] });
  const vxlan = { kind: 'network', tenant: 'blue', name: 'back', vni: 9, subnet: '10.2.2.0/24' };
  expect(refuse(state, { put: [vxlan] }).map(({ message }) => message)).toEqual([
    "group `blue/g`: network `blue/back` is in VXLAN, where a group's own tag is a vni",
  ]);
  expect(accept(state, { put: [vxlan, group({ network: 'back', vni: 7 })] }).groups.get('blue/g')?.tag).toBe(7);
});

test('a tag is free again when its group lets it go', () => {
  let state = accept(worldState(), { put: [inBack(7)] });
  expect(state.taggedGroups('blue/back').map(({ key }) => key)).toEqual(['blue/g']);
  state = accept(state, { put: [inBack(8)] });
  state = accept(state, { put: [{ kind: 'network', tenant: 'red', name: 'n', vlan: 7 }] });
  state = accept(state, { put: [group({ network: 'back' })] });
  expect(state.taggedGroups('blue/back')).toEqual([]);
  accept(state, { put: [{ kind: 'network', tenant: 'red', name: 'm', vlan: 8 }] });
});

test('a group that repeats its network’s tag has none of its own, whatever the order, and stating it again changes nothing', () => {
  const lan = { kind: 'network', tenant: 'red', name: 'lan', vlan: 200 };
  const repeats = { kind: 'group', tenant: 'red', name: 'g', network: 'lan', vlan: 200 };
  const state = accept(worldState(), { put: [repeats, lan] });
  expect(state.groups.get('red/g')?.spec).not.toHaveProperty('vlan');
  expect(accept(state, { put: [repeats] })).toBe(state);
  expect(accept(state, { put: [{ ...lan, vlan: 201 }] }).groups.get('red/g')?.tag).toBeUndefined();
});
