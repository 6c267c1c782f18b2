/** How large an endpoint's packets may be. */
import { expect, test } from 'vitest';
import { readUnderlay, withMtu } from '../../src/datapath/mtu.js';
import type { ObjectStatus } from '../../src/datapath/face.js';
import { emptyState, judge, type State } from '../../src/model/index.js';

function stateOf(settings: Record<string, unknown>, network: Record<string, unknown>): State {
  const put = [
    { kind: 'settings', datapathType: 'dummy', ...settings },
    { kind: 'tenant', name: 't' },
    { kind: 'network', tenant: 't', name: 'n', ...network },
    { kind: 'endpoint', id: 'e', tenant: 't', network: 'n', mac: '02:00:00:00:00:01' },
  ];
  const judged = judge(emptyState(), { put });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  return judged.accepted.state;
}

const plain: ObjectStatus = { generation: 1, state: 'committed', problems: [], flows: 0 };
const mtus: Record<string, number> = { eth1: 9000, eth2: 1600, eth3: 9000 };

function statusOf(settings: Record<string, unknown>, network: Record<string, unknown>): ObjectStatus {
  const state = stateOf(settings, network);
  const underlay = readUnderlay(state.settings, '/nowhere', (name) => mtus[name]);
  return withMtu(plain, state.endpoints.get('e')!, state, underlay);
}

test.each([
  ['VXLAN: the underlay’s less 50', { vtepIp: '172.31.0.1' }, { vni: 1 }, 1450],
  ['VXLAN between IPv6 VTEPs: less 70', { vtepIp: 'fd00::1' }, { vni: 1 }, 1430],
  [
    'VXLAN over NICs of its own: the smallest of them',
    { vtepIp: '172.31.0.1', underlayInterfaces: ['eth1', 'eth2'] },
    { vni: 1 },
    1550,
  ],
  ['a VLAN: what its NICs carry', { vlanInterfaces: ['eth1', 'eth3'] }, { vlan: 1 }, 9000],
  ['a VLAN whose NICs nobody has seen: Ethernet’s', { vlanInterfaces: ['eth9'] }, { vlan: 1 }, 1500],
  ['what the network says', { vtepIp: '172.31.0.1' }, { vni: 1, mtu: 1400 }, 1400],
])('every endpoint’s status says its MTU: %s', (_what, settings, network, mtu) => {
  expect(statusOf(settings, network)).toEqual({ ...plain, mtu });
});

test('a network that promises more than is carried is a problem of its endpoints', () => {
  expect(statusOf({ vtepIp: '172.31.0.1' }, { vni: 1, mtu: 1500 })).toMatchObject({
    mtu: 1500,
    problems: [{ code: 'mtu_too_large', message: expect.stringContaining('t/n says 1500 bytes') as string }],
  });
});
