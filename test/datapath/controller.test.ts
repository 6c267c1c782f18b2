/**
 * The whole way of a change on a real switch: what was stated is there, in the switch's own words, through restarts.
 */
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { refOf } from '../../src/model/index.js';
import { contracts } from '../../src/pipeline/layout.js';
import { examplePath } from '../pipeline/support.js';
import { ofctlLines, onDummy, startHost, type Host } from './bench-host.js';

let host: Host;
afterEach(async () => {
  await host?.stop();
});

const example = onDummy((parse(readFileSync(examplePath, 'utf8')) as { objects: Record<string, unknown>[] }).objects);

test('every flow of the example reads the same from ovs-ofctl and from the controller, and names its owner', async () => {
  host = await startHost();
  const result = await host.controller.apply({ put: example }, 'committed');
  expect(result.attention).toEqual([]);
  const lines = await host.controller.flows({});
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.map((line) => line.text).toSorted()).toEqual(await ofctlLines(host.sandbox));
  const fromSwitch = await host.controller.flows({ source: 'switch' });
  expect(fromSwitch.map((line) => line.text).toSorted()).toEqual(lines.map((line) => line.text).toSorted());
  for (const { owners } of lines) {
    for (const owner of owners) {
      if (owner.kind !== 'system') expect(host.controller.state.object(owner)).toBeDefined();
      else expect(owner.key).toBe('');
    }
  }
});

test('one object’s flows on the switch, with what it shares, are those that were confirmed', async () => {
  host = await startHost();
  // Two rules that say the same share a flow.
  const rule = {
    kind: 'rule',
    tenant: 'blue',
    policy: 'p',
    direction: 'in',
    action: 'allow',
    protocol: 'tcp',
    ports: 80,
  };
  await host.controller.apply(
    {
      put: [
        ...example,
        { kind: 'policy', tenant: 'blue', name: 'p' },
        { kind: 'group', tenant: 'blue', name: 'g', policies: ['p'] },
        { ...rule, id: '1' },
        { ...rule, id: '2' },
        { ...rule, id: '3', ports: [80, 443] },
      ],
    },
    'committed',
  );
  const owners = [...host.controller.state.rules.values(), ...host.controller.state.endpoints.values()].map(refOf);
  for (const owner of owners) {
    const asked = await host.controller.flows({ owner, source: 'switch' });
    const confirmed = await host.controller.flows({ owner });
    expect(asked.map((line) => line.text).toSorted()).toEqual(confirmed.map((line) => line.text).toSorted());
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every((line) => line.packets !== undefined)).toBe(true);
  }
  const shared = await host.controller.flows({ owner: { kind: 'rule', key: 'blue/p/1' }, source: 'switch' });
  expect(shared.map((line) => line.owners.map((each) => each.key))).toEqual([
    expect.arrayContaining(['blue/p/1', 'blue/p/2', 'blue/p/3']),
  ]);
});

test('a daemon started again on the same store and switch sends nothing', async () => {
  host = await startHost();
  await host.controller.apply({ put: example }, 'committed');
  const before = await ofctlLines(host.sandbox);
  const [rule] = host.controller.state.rules.values();
  const told = host.controller.status(refOf(rule!));
  expect(told).toMatchObject({ state: 'committed', flows: expect.toSatisfy((n: number) => n > 0) as number });
  host = await host.restart();
  expect(host.controller.status(refOf(rule!))).toEqual(told);
  const resynced = host.events.filter((event) => event.type === 'resynced');
  expect(resynced.at(-1)?.fields?.['sent']).toBe(0);
  expect(await ofctlLines(host.sandbox)).toEqual(before);
});

test('after kill -9 of vswitchd all flows are back', async () => {
  host = await startHost();
  await host.controller.apply({ put: example }, 'committed');
  const before = await ofctlLines(host.sandbox);
  await host.sandbox.killVswitchd('SIGKILL');
  await host.sandbox.startVswitchd();
  await expect.poll(() => ofctlLines(host.sandbox).catch(() => []), { timeout: 15_000 }).toEqual(before);
});

test('flows deleted behind our back are back after the next connect, and foreign ones are gone', async () => {
  host = await startHost();
  await host.controller.apply({ put: example }, 'committed');
  const before = await ofctlLines(host.sandbox);
  await host.sandbox.ofctl(['-O', 'OpenFlow15', 'del-flows', host.sandbox.mgmt('br-sluice')]);
  await host.sandbox.ofctl([
    '-O',
    'OpenFlow15',
    'add-flow',
    host.sandbox.mgmt('br-sluice'),
    'table=200,priority=9,actions=drop',
  ]);
  host = await host.restart();
  expect(await ofctlLines(host.sandbox)).toEqual(before);
});

test('an endpoint whose interface is missing waits and holds up nothing', async () => {
  host = await startHost();
  await host.controller.apply({ put: example }, 'committed');
  // Two bridges cannot hold one port: this one is taken.
  await host.sandbox.vsctl(
    'add-br',
    'other',
    '--',
    'add-port',
    'other',
    'taken0',
    '--',
    'set',
    'interface',
    'taken0',
    'type=dummy',
  );
  const put = ['taken0', 'fresh0'].map((name, i) => ({
    kind: 'endpoint',
    id: name,
    tenant: 'blue',
    network: host.controller.state.networks.values()[Symbol.iterator]().next().value!.spec.name,
    mac: `02:00:00:00:99:0${i + 1}`,
    interface: name,
  }));
  const result = await host.controller.apply({ put }, 'committed');
  expect(result.attention.map(({ ref, status }) => [ref.key, status.state, status.waitingFor])).toEqual([
    ['taken0', 'waiting', 'interface taken0'],
  ]);
  expect(host.controller.status({ kind: 'endpoint', key: 'fresh0' }).state).toBe('committed');
  expect(host.controller.health().reasons.join()).toContain('taken0 is a port of bridge other');
  await host.sandbox.vsctl('del-port', 'other', 'taken0');
  await expect
    .poll(() => host.controller.status({ kind: 'endpoint', key: 'taken0' }).state, { timeout: 10_000 })
    .toBe('committed');
});

test('deleting every object leaves the switch as it was', async () => {
  host = await startHost();
  const empty = await ofctlLines(host.sandbox);
  await host.controller.apply({ put: example }, 'committed');
  const { state } = host.controller;
  const refs = [
    state.endpoints,
    state.rules,
    state.groups,
    state.policies,
    state.networks,
    state.peers,
    state.tenants,
  ].flatMap((collection) =>
    [...(collection as Iterable<{ kind: never; key: string }>)].map(({ kind, key }) => ({ kind, key })),
  );
  await host.controller.apply({ put: [{ kind: 'settings', datapathType: 'dummy' }], delete: refs }, 'committed');
  expect(await ofctlLines(host.sandbox)).toEqual(empty);
});

test('an object that the switch refuses is quarantined by name and error, the rest is in, and a retry takes it up again', async () => {
  host = await startHost();
  const group = (n: number) => [
    { kind: 'policy', tenant: 'blue', name: `p${n}` },
    { kind: 'group', tenant: 'blue', name: `g${n}`, policies: [`p${n}`], defaultAction: 'deny' },
  ];
  const groups = (...numbers: number[]) => [{ kind: 'tenant', name: 'blue' }, ...numbers.flatMap(group)];
  await host.controller.apply({ put: groups(1, 2) }, 'committed');
  const table = contracts.findIndex(({ ref }) => ref.name === 'policy');
  const full = (await host.controller.flows({ table: 'policy' })).length + 1;
  const limited = [`flow_tables:${table}=@t`, '--', '--id=@t', 'create', 'Flow_Table', `flow_limit=${full}`];
  await host.sandbox.vsctl('set', 'bridge', 'br-sluice', ...limited);
  const rule = (n: number) => ({
    kind: 'rule',
    tenant: 'blue',
    policy: `p${n}`,
    id: '1',
    direction: 'in',
    action: 'allow',
    protocol: 'tcp',
    ports: [n],
  });
  const result = await host.controller.apply({ put: [rule(1), rule(2)] }, 'committed');
  const [refused] = result.attention;
  expect(result.attention.length).toBe(1);
  expect(refused?.status.state).toBe('quarantined');
  expect(refused?.status.problems[0]?.message).toMatch(/OFPFMFC_TABLE_FULL/);
  expect((await host.controller.flows({ table: 'policy' })).length).toBe(full);
  await host.sandbox.vsctl('clear', 'bridge', 'br-sluice', 'flow_tables');
  expect(await host.controller.retry()).toBe(1);
  expect(host.controller.status(refused!.ref).state).toBe('committed');
  expect((await host.controller.flows({ table: 'policy' })).length).toBe(full + 1);
});

test('an address that an endpoint lists twice is one flow', async () => {
  host = await startHost();
  const place = { kind: 'endpoint', tenant: 'blue', network: 'n', mac: '02:00:00:00:00:01', ipv4: '10.1.1.1' };
  const twice = { ipv6: ['fe80::ff:fe00:1'], allowedAddresses: [{ ip: '10.1.1.1' }, { ip: 'fe80::ff:fe00:1' }] };
  const put = [
    { kind: 'tenant', name: 'blue' },
    { kind: 'network', tenant: 'blue', name: 'n', encap: 'vlan', vlan: 7 },
    { ...place, id: 'here', ...twice, interface: 'w1' },
    { ...place, id: 'away', ...twice, network: 'm', mac: '02:00:00:00:00:01', ipv4: '10.1.2.1' },
    { kind: 'network', tenant: 'blue', name: 'm', encap: 'vlan', vlan: 8 },
  ];
  const result = await host.controller.apply({ put }, 'committed');
  expect(result.attention).toEqual([]);
  const lines = await host.controller.flows({});
  expect(lines.map((line) => line.text).toSorted()).toEqual(await ofctlLines(host.sandbox));
});

test('no endpoint takes a port of Sluice itself or of an uplink, and no uplink that of an endpoint', async () => {
  host = await startHost();
  await host.controller.apply({ put: example }, 'committed');
  const endpoint = { kind: 'endpoint', tenant: 'red', network: 'front', mac: '02:00:00:00:99:01' };
  for (const name of ['br-sluice', 'sluice-vxlan', 'eth1']) {
    const put = [{ ...endpoint, id: 'thief', interface: name }];
    const refused = await host.controller.apply({ put }, 'committed').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'invalid_request', problems: [{ pointer: '/objects/0/interface' }] });
  }
  const put = [{ kind: 'settings', datapathType: 'dummy', vlanInterfaces: ['web-1'] }];
  await expect(host.controller.apply({ put }, 'committed')).rejects.toThrow(/web-1 is the interface of endpoint web-1/);
});

test('concurrent requests are judged one after another', async () => {
  host = await startHost();
  const put = (name: string) => host.controller.apply({ put: [{ kind: 'tenant', name }] }, 'accepted');
  const results = await Promise.all(['a', 'b', 'c'].map(put));
  expect(new Set(results.map((result) => result.generation)).size).toBe(3);
  expect(host.controller.state.tenants.size).toBe(3);
});

test('a trace names the rule that decided', async () => {
  host = await startHost();
  await host.controller.apply({ put: example }, 'committed');
  const { tries } = parse(readFileSync(new URL('tries.yaml', examplePath), 'utf8')) as {
    tries: { from: string; to: string; protocol: 'tcp'; port?: number; source?: string; expect: string }[];
  };
  for (const { expect: expected, ...query } of tries) {
    const traced = await host.controller.trace(query);
    expect({ ...query, verdict: traced.verdict, why: traced.reason }).toMatchObject({ ...query, verdict: expected });
    if (expected === 'deny') expect(traced.decidedBy.length).toBeGreaterThan(0);
  }
  // From elsewhere on the VLAN, tagged, through the uplink.
  const vlan = await host.controller.trace({ from: 'db-2', to: 'db-1', protocol: 'tcp', port: 5432 });
  expect(vlan).toMatchObject({ verdict: 'allow', output: ['db-1'] });
});

test('equal rules share one flow, which names them all and stands as long as one of them does', async () => {
  host = await startHost();
  const rule = {
    kind: 'rule',
    tenant: 'blue',
    policy: 'p',
    direction: 'in',
    action: 'deny',
    protocol: 'udp',
    ports: [53],
  };
  const put = [
    { kind: 'tenant', name: 'blue' },
    { kind: 'policy', tenant: 'blue', name: 'p' },
    { kind: 'group', tenant: 'blue', name: 'g', policies: ['p'] },
    { ...rule, id: '1' },
    { ...rule, id: '2' },
  ];
  await host.controller.apply({ put }, 'committed');
  const judged = async () =>
    (await host.controller.flows({ table: 'policy' })).filter(({ text }) => text.includes('=53'));
  const owners = async () => (await judged()).map((flow) => flow.owners.map(({ key }) => key).toSorted());
  // One flow a family, or one for both: each is both rules'.
  expect(new Set((await owners()).map(String))).toEqual(new Set(['blue/p/1,blue/p/2']));
  const { length } = await judged();
  await host.controller.apply({ delete: [{ kind: 'rule', key: 'blue/p/1' }] }, 'committed');
  expect(await owners()).toEqual(Array.from({ length }, () => ['blue/p/2']));
  await host.controller.apply({ delete: [{ kind: 'rule', key: 'blue/p/2' }] }, 'committed');
  expect(await judged()).toEqual([]);
});
