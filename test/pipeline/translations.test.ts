/** Which translated connections a change leaves stale: named as narrowly as can be, so that no other one is touched. */
import { expect, test } from 'vitest';
import { flushArguments } from '../../src/datapath/forget.js';
import { emptyState, judge, type Request } from '../../src/model/index.js';
import { staleConnections } from '../../src/pipeline/translations.js';
import { accept } from './support.js';

const endpoint = (n: number) => ({
  kind: 'endpoint',
  id: `e${n}`,
  tenant: 'blue',
  network: 'n',
  mac: `02:00:00:00:00:0${n}`,
  ipv4: `10.1.0.${n}`,
  ipv6: [`fd00:1::${n}`],
});
const service = (fields: Record<string, unknown> = {}) => ({
  kind: 'service',
  tenant: 'blue',
  name: 's',
  network: 'n',
  ips: ['10.1.9.1', 'fd00:1::9:1'],
  ports: ['80:8080:TCP', '53:53:UDP'],
  providers: ['e1', 'e2', '10.1.0.3'],
  ...fields,
});
const base = accept(emptyState(), [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'n', vni: 1, subnet: '10.1.0.0/16', ipv6Subnet: 'fd00:1::/64' },
  ...[1, 2, 3, 4].map(endpoint),
  service(),
]);

/** The arguments of dpctl/flush-conntrack without the zone, which is always the tenant's NAT zone. */
function flushed(request: Request): string[] {
  const judged = judge(base, request);
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  const { state, changes } = judged.accepted;
  const zone = base.tenants.get('blue')!.zone | 0x8000;
  return staleConnections(base, state, changes).map((each) => {
    const [first, ...rest] = flushArguments(each);
    expect(first).toBe(`zone=${zone}`);
    return rest.join(' ');
  });
}

const put = (fields: Record<string, unknown>): Request => ({ put: [service(fields)] });

test.each<[string, Request, string[]]>([
  ['another provider', put({ providers: ['e1', 'e2', 'e3', 'e4'] }), []],
  ['another port and VIP', put({ ports: [80, 81].map((p) => `${p}:8080:TCP`).concat('53:53:UDP') }), []],
  ['the other affinity', put({ affinity: 'clientIp' }), []],
  [
    'a provider removed',
    put({ providers: ['e2', 'e3'] }),
    ['ct_nw_dst=10.1.9.1 ct_nw_src=10.1.0.1', 'ct_ipv6_dst=fd00:1::9:1 ct_ipv6_src=fd00:1::1'],
  ],
  [
    'a provider’s endpoint deleted, by cascade',
    { delete: [{ kind: 'endpoint', key: 'e1' }], cascade: true },
    ['ct_nw_dst=10.1.9.1 ct_nw_src=10.1.0.1', 'ct_ipv6_dst=fd00:1::9:1 ct_ipv6_src=fd00:1::1'],
  ],
  [
    'a provider with another address',
    { put: [{ ...endpoint(1), ipv4: '10.1.0.77' }] },
    ['ct_nw_dst=10.1.9.1 ct_nw_src=10.1.0.1'],
  ],
  [
    'the endpoint behind a named address gone',
    { delete: [{ kind: 'endpoint', key: 'e3' }] },
    ['ct_nw_dst=10.1.9.1 ct_nw_src=10.1.0.3', 'ct_ipv6_dst=fd00:1::9:1 ct_ipv6_src=fd00:1::3'],
  ],
  [
    'a port removed',
    put({ ports: ['80:8080:TCP'] }),
    ['ct_nw_dst=10.1.9.1,ct_nw_proto=17,ct_tp_dst=53', 'ct_ipv6_dst=fd00:1::9:1,ct_nw_proto=17,ct_tp_dst=53'],
  ],
  [
    'a port that leads to another one',
    put({ ips: ['10.1.9.1'], ports: ['80:8081:TCP', '53:53:UDP'] }),
    ['ct_nw_dst=10.1.9.1,ct_nw_proto=6,ct_tp_dst=80', 'ct_ipv6_dst=fd00:1::9:1'],
  ],
  [
    'the service deleted',
    { delete: [{ kind: 'service', key: 'blue/s' }] },
    ['ct_nw_dst=10.1.9.1', 'ct_ipv6_dst=fd00:1::9:1'],
  ],
  ['something else', { put: [{ kind: 'group', tenant: 'blue', name: 'g' }] }, []],
])('%s', (_change, request, expected) => {
  expect(flushed(request)).toEqual(expected);
});

test('a tenant deleted: all of both its zones, and nothing of its services apart', () => {
  const judged = judge(base, { delete: [{ kind: 'tenant', key: 'blue' }], cascade: true });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  const { state, changes } = judged.accepted;
  const zone = base.tenants.get('blue')!.zone;
  const stale = staleConnections(base, state, changes).map(flushArguments);
  expect(stale).toEqual([[`zone=${zone}`], [`zone=${zone | 0x8000}`]]);
});
