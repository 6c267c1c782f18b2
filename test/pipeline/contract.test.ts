/** Every flow keeps its table's contract: what it matches and where it sends packets. */
import { expect, test } from 'vitest';
import { contracts, t } from '../../src/pipeline/layout.js';
import { emptyState } from '../../src/model/index.js';
import { accept, compileText, exampleState, readLine, worldOf } from './support.js';

/** What is wrong with a flow by its table's contract. */
function breaches(text: string): string[] {
  const { table, fields, next, asks } = readLine(text);
  const contract = contracts.find(({ ref }) => ref.name === table);
  if (!contract) return [`no table ${table}: ${text}`];
  return [
    ...fields
      .filter((field) => !contract.matches.includes(field))
      .map((field) => `${table} may not match ${field}: ${text}`),
    ...next
      .filter((name) => !(contract.next as readonly string[]).includes(name))
      .map((name) => `${table} may not go to ${name}: ${text}`),
    ...asks
      .filter((name) => !(contract.asks as readonly string[] | undefined)?.includes(name))
      .map((name) => `${table} may not ask ${name}: ${text}`),
  ];
}

test('every flow of the example keeps its table’s contract', () => {
  const lines = compileText(worldOf(exampleState()));
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.flatMap(breaches)).toEqual([]);
});

test('so does every flow of routed networks, routes, infra networks, groups with tags of their own, and host access', () => {
  const network = { kind: 'network', tenant: 't', forwarding: 'routing' };
  const state = accept(emptyState(), [
    { kind: 'settings', vtepIp: '172.31.0.1', vlanInterfaces: ['eth1'], hostAccess: {} },
    { kind: 'peer', vtepIp: '172.31.0.2' },
    { kind: 'tenant', name: 't' },
    {
      ...network,
      name: 'x',
      vni: 1,
      subnet: '10.1.0.0/24',
      gateway: '10.1.0.1',
      ipv6Subnet: 'fd00:1::/64',
      ipv6Gateway: 'fe80::1',
    },
    { ...network, name: 'v', vlan: 2, type: 'infra', subnet: '10.2.0.0/24', gateway: '10.2.0.1' },
    { kind: 'group', tenant: 't', name: 'gx', network: 'x', vni: 11 },
    { kind: 'group', tenant: 't', name: 'gv', network: 'v', vlan: 12 },
    { kind: 'route', tenant: 't', prefix: '0.0.0.0/0', network: 'v', mac: '02:00:00:00:00:09' },
    { kind: 'route', tenant: 't', prefix: '2001:db8::/32', network: 'x', vtepIp: '172.31.0.2' },
    {
      kind: 'endpoint',
      id: 'e',
      tenant: 't',
      network: 'x',
      group: 'gx',
      mac: '02:00:00:00:00:01',
      ipv4: '10.1.0.2',
      ipv6: ['fd00:1::2'],
      interface: 'w1',
    },
  ]);
  const world = worldOf(state);
  const lines = compileText({
    ...world,
    ports: { ...world.ports, of: (name) => (name === 'contivh0' ? 77 : world.ports.of(name)) },
  });
  expect(lines.filter((line) => readLine(line).table === 'hostAccess').length).toBe(3);
  expect(lines.flatMap(breaches)).toEqual([]);
});

test('a flow that breaks its table’s contract is found', () => {
  expect(breaches(' table=tunnelPeer, priority=1,in_port=w1 actions=goto_table:source')).toEqual([
    expect.stringContaining('tunnelPeer may not match in_port'),
  ]);
  expect(breaches(' table=policy, priority=1,reg2=0x1 actions=goto_table:deliver')).toEqual([
    expect.stringContaining('policy may not go to deliver'),
  ]);
  expect(breaches(' table=policy, priority=1,reg2=0x1 actions=resubmit(,source,ct)')).toEqual([
    expect.stringContaining('policy may not ask source'),
  ]);
  expect(breaches(' table=neighbours, priority=1,reg1=0x100000/0xf00000 actions=drop')).toEqual([
    expect.stringContaining('neighbours may not match delivery'),
  ]);
});

test('tables are declared in packet order and every edge goes forward', () => {
  expect(contracts.map(({ ref }) => ref.id)).toEqual(contracts.map((_, id) => id));
  for (const { ref, next, miss } of contracts) {
    for (const name of [...next, ...('to' in miss ? [miss.to] : [])]) expect(t[name].id).toBeGreaterThan(ref.id);
  }
});

test('every table has exactly one miss flow', () => {
  const misses = compileText(worldOf(exampleState())).filter((line) => /priority=0 actions/.test(line));
  expect(misses.map((line) => readLine(line).table).toSorted()).toEqual(
    contracts.map(({ ref }) => ref.name).toSorted(),
  );
});
