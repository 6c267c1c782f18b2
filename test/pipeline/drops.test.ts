/** Every drop has a reason, and reasons are public names. */
import { expect, test } from 'vitest';
import { emptyState } from '../../src/model/index.js';
import { flowInstructions, parseFlow } from '../../src/openflow/index.js';
import { dropReason, dropReasons, isDrop } from '../../src/pipeline/drops.js';
import { contracts, t, type TableName } from '../../src/pipeline/layout.js';
import { accept, compileText, exampleState, readLine, worldOf } from './support.js';

const settings = (fields: Record<string, unknown>) => ({
  kind: 'settings',
  vtepIp: '172.31.0.1',
  vlanInterfaces: ['eth1'],
  ...fields,
});

const red = [
  { kind: 'tenant', name: 'red' },
  {
    kind: 'network',
    tenant: 'red',
    name: 'n',
    encap: 'vxlan',
    vni: 7,
    subnet: '10.7.0.0/16',
    ipv6Subnet: 'fd00:7::/64',
  },
  {
    kind: 'service',
    tenant: 'red',
    name: 's',
    network: 'n',
    ips: ['10.7.9.9'],
    ports: [{ port: 80, protocol: 'tcp' }],
  },
  {
    kind: 'endpoint',
    id: 'r1',
    tenant: 'red',
    network: 'n',
    mac: '02:00:00:00:07:01',
    ipv4: '10.7.0.1',
    interface: 'r1',
  },
];

test('every flow that forwards nothing has a reason, in every mode', () => {
  const states = [
    exampleState(),
    accept(exampleState(), [settings({ policyMode: 'both-sides', midstream: 'drop', onPolicyChange: 'keep' })]),
    accept(emptyState(), [settings({ forwardingMode: 'routing' }), ...red]),
    accept(emptyState(), []),
  ];
  const dropping = states
    .flatMap((state) => compileText(worldOf(state)))
    .filter((line) => /actions=(?:drop|controller\([^)]*\))$/.test(line));
  const reasons = dropping.map((line) => {
    const id = t[readLine(line).table as TableName].id;
    return dropReason(id, Number(/priority=(\d+)/.exec(line)?.[1])) ?? line;
  });
  expect(reasons.filter((reason) => !Object.hasOwn(dropReasons, reason))).toEqual([]);
  // No reason is without a flow, but for policy, which the example has.
  expect(Object.keys(dropReasons).filter((reason) => !reasons.includes(reason))).toEqual([]);
});

test('a flow that only tells the daemon forwards nothing; one that does more is no drop', () => {
  const instructions = (text: string) => isDrop(flowInstructions(parseFlow(text)));
  expect(instructions('actions=drop')).toBe(true);
  expect(instructions('actions=controller(max_len=128,userdata=04)')).toBe(true);
  expect(instructions('actions=controller(max_len=128,userdata=04),output:1')).toBe(false);
  expect(instructions('actions=output:1')).toBe(false);
  expect(instructions('actions=group:1')).toBe(false);
  expect(instructions('actions=goto_table:3')).toBe(false);
});

test('a table that drops what it does not match says why', () => {
  for (const { ref, miss } of contracts)
    if ('drop' in miss) expect([ref.name, dropReason(ref.id, 0)]).not.toContain(undefined);
});

test('names of reasons', () => {
  expect(Object.keys(dropReasons)).toEqual([
    'unknown_port',
    'tagged',
    'unknown_vlan',
    'unknown_vni',
    'unknown_peer',
    'unknown_host_address',
    'spoof',
    'neighbour_spoof',
    'advertise',
    'ttl',
    'too_big',
    'no_route',
    'not_routed',
    'no_provider',
    'no_service_port',
    'unknown_destination',
    'not_here',
    'ethertype',
    'invalid',
    'midstream',
    'untracked',
    'policy',
    'split_horizon',
    'no_way_out',
    'no_vtep',
    'no_peer',
  ]);
});
