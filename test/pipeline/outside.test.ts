/** Which host answers for a gateway on a VLAN. */
import { expect, test } from 'vitest';
import { emptyState, ownerKey, refOf } from '../../src/model/index.js';
import { addDependents, nothingDirty } from '../../src/pipeline/dependents.js';
import { accept, compileText, worldOf } from './support.js';

const objects = (vtepIp: string | undefined, peers: readonly string[], forwarding = 'routing') => [
  { kind: 'settings', vlanInterfaces: ['eth1'], ...(vtepIp === undefined ? {} : { vtepIp }) },
  { kind: 'tenant', name: 'blue' },
  ...peers.map((peer) => ({ kind: 'peer', vtepIp: peer })),
  {
    ...{ kind: 'network', tenant: 'blue', name: 'lan', vlan: 100, forwarding },
    subnet: '10.1.0.0/24',
    gateway: '10.1.0.254',
  },
];
const answers = (...given: Parameters<typeof objects>): number =>
  compileText(worldOf(accept(emptyState(), objects(...given)))).filter((line) => /table=uplink,.*arp_tpa=/.test(line))
    .length;

test.each<[string, Parameters<typeof objects>, number]>([
  ['the lowest address does', ['172.31.0.1', ['172.31.0.2', '172.31.0.3']], 1],
  ['addresses are compared as numbers', ['172.31.0.9', ['172.31.0.10']], 1],
  ['the others do not', ['172.31.0.2', ['172.31.0.1', '172.31.0.3']], 0],
  ['one alone does', ['172.31.0.2', []], 1],
  ['IPv4 comes before IPv6', ['fd00::1', ['172.31.0.1']], 0],
  ['of IPv6 the lowest', ['fd00::1', ['fd00::2']], 1],
  ['nobody without a VTEP address', [undefined, []], 0],
  ['nobody for a network that is not routed', ['172.31.0.1', [], 'bridge'], 0],
])('%s', (_what, given, count) => {
  expect(answers(...given)).toBe(count);
});

test('a peer that goes leaves its gateways to the next', () => {
  const state = accept(emptyState(), objects('172.31.0.2', ['172.31.0.1']));
  const peer = state.peers.get('172.31.0.1')!;
  const dirty = nothingDirty();
  addDependents(dirty, [{ ref: refOf(peer), before: peer }], state);
  expect(dirty.objects.has(ownerKey('network', state.networks.get('blue/lan')!.id))).toBe(true);
});
