/** Which routed packets are measured, and by what. */
import { expect, test } from 'vitest';
import { emptyState, ownerKey, refOf } from '../../src/model/index.js';
import { everyObject } from '../../src/pipeline/compile.js';
import { addDependents, addMeasured, nothingDirty } from '../../src/pipeline/dependents.js';
import type { Underlay, World } from '../../src/pipeline/world.js';
import { accept, compileText, objectText, worldOf } from './support.js';

const network = (name: string, n: number, rest: Record<string, unknown>) => ({
  ...{ kind: 'network', tenant: 'blue', name, forwarding: 'routing', ...rest },
  ...{ subnet: `10.${n}.0.0/16`, gateway: `10.${n}.0.254`, ipv6Subnet: `fd00:${n}::/64` },
});
const state = accept(emptyState(), [
  { kind: 'settings', vtepIp: '172.31.0.1', vlanInterfaces: ['eth1'] },
  { kind: 'tenant', name: 'blue' },
  network('over', 1, { vni: 5001 }),
  network('lan', 2, { vlan: 100 }),
  network('small', 3, { vni: 5003, mtu: 1300 }),
  network('bridged', 4, { vni: 5004, forwarding: 'bridge' }),
  { kind: 'route', tenant: 'blue', prefix: '0.0.0.0/0', network: 'lan', mac: '02:00:00:00:00:01' },
  { kind: 'route', tenant: 'blue', prefix: '2001:db8::/32', network: 'over', mac: '02:00:00:00:00:01' },
]);
const under = (underlay: Underlay | undefined): World => ({ ...worldOf(state), underlay });

/** `destination → bytes of a frame`, or `route` for what is not measured. */
function measures(world: World): Record<string, string> {
  const flows = compileText(world).filter((line) => /table=pathMtu, priority=[1-9]/.test(line));
  return Object.fromEntries(
    flows.map((line) => [
      /(?:nw|ipv6)_dst=([^ ,]+)/.exec(line)?.[1] ?? 'any',
      /check_pkt_larger\((\d+)\)/.exec(line)?.[1] ?? /goto_table:(\w+)/.exec(line)![1]!,
    ]),
  );
}

test('networks that carry less than what may be sent to them are measured, frame header included', () => {
  expect(measures(under({ vlan: 1500, vxlan: 1450 }))).toEqual({
    ...{ '10.1.0.0/16': '1464', 'fd00:1::/64': '1464' },
    ...{ '10.2.0.0/16': 'route', 'fd00:2::/64': 'route' },
    ...{ '10.3.0.0/16': '1314', 'fd00:3::/64': '1314' },
    ...{ any: 'route', '2001:db8::/32': '1464' },
  });
});

test('over larger NICs the others are', () => {
  expect(measures(under({ vlan: 1500, vxlan: 8950 }))).toMatchObject({
    '10.1.0.0/16': 'route',
    '10.2.0.0/16': '1514',
    any: '1514',
  });
});

test('where nothing can be measured, nothing is', () => {
  expect(measures(under(undefined))).toEqual({});
  expect(compileText(under(undefined)).join()).not.toMatch(/check_pkt_larger|userdata=02/);
});

test('what another measure changes is told', () => {
  const [before, after] = [under({ vlan: 1500, vxlan: 1450 }), under({ vlan: 1400, vxlan: 1350 })];
  const dirty = nothingDirty();
  addMeasured(dirty, state);
  for (const object of everyObject(after)) {
    if (dirty.objects.has(ownerKey(object.kind, object.id))) continue;
    expect(objectText(after, object)).toEqual(objectText(before, object));
  }
});

test('a network’s own MTU changes the routes into it', () => {
  const was = state.networks.get('blue/lan')!;
  const next = accept(state, [network('lan', 2, { vlan: 100, mtu: 1400 })]);
  const dirty = nothingDirty();
  addDependents(dirty, [{ ref: refOf(was), before: was, after: next.networks.get('blue/lan')! }], next);
  const route = next.routes.get('blue/0.0.0.0/0')!;
  expect(dirty.objects.has(ownerKey('route', route.id))).toBe(true);
  expect(measures({ ...worldOf(next), underlay: { vlan: 1500, vxlan: 1450 } })).toMatchObject({ any: '1414' });
});
