/** Services as flows and groups: reviewed text, and what the groups promise. */
import { describe, expect, test } from 'vitest';
import { emptyState, type State } from '../../src/model/index.js';
import { contracts } from '../../src/pipeline/layout.js';
import { accept, groupText, objectText, readLine, worldOf } from './support.js';

type Json = Record<string, unknown>;

const endpoint = (n: number, fields: Json = {}): Json => ({
  kind: 'endpoint',
  id: `e${n}`,
  tenant: 'blue',
  network: 'n',
  mac: `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`,
  ipv4: `10.1.${n >> 8}.${n & 255}`,
  ...(n < 256 ? { ipv6: [`fd00:1::${n}`] } : {}),
  ...(n % 2 === 1 ? { interface: `e${n}` } : { vtepIp: '172.31.0.2' }),
  ...fields,
});

const service = (fields: Json = {}): Json => ({
  kind: 'service',
  tenant: 'blue',
  name: 's',
  network: 'n',
  ips: ['10.1.200.1'],
  ports: ['80:8080:TCP'],
  providers: ['e1', 'e2'],
  ...fields,
});

/** A tenant with endpoints 1…count. */
function base(count: number): State {
  return accept(emptyState(), [
    { kind: 'settings', vtepIp: '172.31.0.1' },
    { kind: 'peer', vtepIp: '172.31.0.2' },
    { kind: 'tenant', name: 'blue' },
    { kind: 'network', tenant: 'blue', name: 'n', vni: 1, subnet: '10.1.0.0/16', ipv6Subnet: 'fd00:1::/64' },
    ...Array.from({ length: count }, (_, i) => endpoint(i + 1)),
  ]);
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `e${i + 1}`);
const serviceOf = (state: State) => state.services.get('blue/s')!;
const groups = (state: State): string[] => groupText(worldOf(state), serviceOf(state));
const flowCount = (state: State): number => objectText(worldOf(state), serviceOf(state)).length;

test('a service of both families compiles to the golden flows and groups', async () => {
  const put = service({ ips: ['10.1.200.1', 'fd00:1::c8'], ports: ['80:8080:TCP', '53:53:UDP'], providers: ids(3) });
  const world = worldOf(accept(base(3), [put]));
  const lines = [
    ...objectText(world, world.state.services.get('blue/s')!),
    ...groupText(world, world.state.services.get('blue/s')!),
    ...objectText(world, world.state.endpoints.get('e1')!).filter((line) => /table=(?:route|service)/.test(line)),
  ];
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('golden/service.flows');
});

test('every flow of a service keeps its table’s contract', () => {
  const world = worldOf(accept(base(3), [service({ ips: ['10.1.200.1', 'fd00:1::c8'] })]));
  const lines = [world.state.services.get('blue/s')!, world.state.endpoints.get('e1')!].flatMap((object) =>
    objectText(world, object),
  );
  for (const line of lines) {
    const { table, fields, next } = readLine(line);
    const contract = contracts.find(({ ref }) => ref.name === table)!;
    expect([table, ...fields.filter((field) => !contract.matches.includes(field))]).toEqual([table]);
    expect([table, ...next.filter((name) => !(contract.next as readonly string[]).includes(name))]).toEqual([table]);
  }
});

test('flows: two for an IPv4 address, one more for its ARP, and one for each port', () => {
  const ports = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
  expect(flowCount(accept(base(2), [service()]))).toBe(3 + 1);
  expect(flowCount(accept(base(2), [service({ ports: ports(10) })]))).toBe(3 + 10);
  expect(flowCount(accept(base(2), [service({ ips: ['10.1.200.1', '10.1.200.2'], ports: ports(10) })]))).toBe(2 * 13);
});

test('without a provider a new connection is handed to the daemon, and no group is there', () => {
  const state = accept(base(2), [service({ providers: [] })]);
  expect(groups(state)).toEqual([]);
  const lines = objectText(worldOf(state), serviceOf(state)).filter((line) => line.includes('ct_tp_dst=80'));
  expect(lines).toEqual([expect.stringMatching(/actions=controller\(.*userdata=03,meter_id=\d+\)$/)]);
});

describe('spread', () => {
  /** Hash values that vswitchd deals out to providers, by the Webster method as it has it (ofproto-dpif.c). */
  function dealt(group: string): number[] {
    const buckets = [...group.matchAll(/bucket_id:\d+(?:,weight:(\d+))?,actions=ct\(.*?dst=([\d.]+):/g)].map(
      ([, weight = '1', to]) => ({ to: to!, weight: Number(weight), divisor: 1, slots: 0 }),
    );
    const total = buckets.reduce((sum, { weight }) => sum + weight, 0);
    const least = Math.min(...buckets.map(({ weight }) => weight));
    const values = Math.max(16, 2 ** Math.ceil(Math.log2(Math.ceil(total / least))));
    for (let i = 0; i < values; i++) {
      const winner = buckets.reduce((a, b) => (b.weight / b.divisor > a.weight / a.divisor ? b : a));
      winner.slots++;
      winner.divisor += 2;
    }
    const shares = new Map<string, number>();
    for (const { to, slots } of buckets) shares.set(to, (shares.get(to) ?? 0) + slots);
    return [...shares.values()];
  }

  test.each([2, 3, 5, 8, 9, 15, 17, 31, 32])('%i providers: equal shares of the hash values to an eighth', (n) => {
    const [group] = groups(accept(base(n), [service({ providers: ids(n) })]));
    const shares = dealt(group!);
    expect(shares).toHaveLength(n);
    expect(Math.max(...shares) / Math.min(...shares)).toBeLessThanOrEqual(1.125);
  });

  test('one provider needs no choice', () => {
    const [group] = groups(accept(base(1), [service({ providers: ids(1), affinity: 'clientIp' })]));
    expect(group).toMatch(
      /,type=indirect,bucket=bucket_id:0,actions=ct\(commit,table=route,.*nat\(dst=10\.1\.0\.1:8080\)\)$/,
    );
  });

  test('with more providers, and with affinity, the highest score of a stable hash', () => {
    const many = groups(accept(base(33), [service({ providers: ids(33) })]));
    expect(many).toEqual([expect.stringContaining('selection_method=hash,fields(ct_tp_src,ip_src),bucket=')]);
    const sticky = groups(accept(base(3), [service({ providers: ids(3), affinity: 'clientIp' })]));
    expect(sticky).toEqual([expect.stringContaining('selection_method=hash,fields=ip_src,bucket=')]);
  });
});

describe('a change of providers', () => {
  const buckets = (state: State): string[] => groups(state)[0]!.split(',bucket=').slice(1);

  test('leaves the buckets of the others as they are', () => {
    const some = buckets(accept(base(9), [service({ providers: ids(8), affinity: 'clientIp' })]));
    const more = buckets(accept(base(9), [service({ providers: ids(9), affinity: 'clientIp' })]));
    expect(more.filter((bucket) => !some.includes(bucket))).toHaveLength(1);
    expect(some.filter((bucket) => !more.includes(bucket))).toEqual([]);
  });

  test('changes no flow', () => {
    const flows = (n: number) => {
      const state = accept(base(9), [service({ providers: ids(n) })]);
      return objectText(worldOf(state), serviceOf(state));
    };
    expect(flows(9)).toEqual(flows(8));
  });
});

describe('more providers than one message has room for', () => {
  test('each has a group of its own, and the chosen one leads there', () => {
    const state = accept(base(1200), [service({ providers: ids(1200) })]);
    const [chooser, ...own] = groups(state).toSorted((a, b) => b.length - a.length);
    expect(own).toHaveLength(1200);
    expect(own.every((group) => /type=indirect,bucket=bucket_id:\d+,actions=ct\(commit,table=route,/.test(group))).toBe(
      true,
    );
    const targets = new Set([...chooser!.matchAll(/actions=group:(\d+)/g)].map(([, id]) => id));
    expect(targets).toEqual(new Set(own.map((group) => /group_id=(\d+)/.exec(group)?.[1])));
  });

  test('one more provider changes few of the others’ groups', () => {
    const of = (n: number) => new Set(groups(accept(base(1201), [service({ providers: ids(n) })])));
    const [before, after] = [of(1200), of(1201)];
    expect([...after].filter((group) => !before.has(group)).length).toBeLessThan(20);
  });
});

test('no two services, ports or families share a group', () => {
  const many = Array.from({ length: 100 }, (_, i) =>
    service({ name: `s${i}`, ips: [`10.1.201.${i + 1}`, `fd00:1::c9:${i + 1}`], ports: [80, '443:80', '53:53:udp'] }),
  );
  const world = worldOf(accept(base(2), many));
  const numbers = [...world.state.services].flatMap((s) =>
    groupText(world, s).map((group) => /group_id=(\d+)/.exec(group)?.[1]),
  );
  expect(numbers).toHaveLength(600);
  expect(new Set(numbers).size).toBe(600);
});
