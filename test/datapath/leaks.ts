/**
 * Random changes on a real switch under traffic, everything deleted afterwards: nothing may be left that was not there before.
 * Neighbours: leaks.test.ts runs it small, leaks.long.test.ts large; leak-traffic.ts sends; test/evaluator/states.ts makes the hosts
 * that objects are taken from.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { SluiceError } from '../../src/model/errors.js';
import { kinds, type AnyObject, type Ref } from '../../src/model/index.js';
import { objects } from '../evaluator/states.js';
import { ofctlLines, type Host } from './bench-host.js';
import { startTraffic, type Traffic } from './leak-traffic.js';

type Spec = Record<string, unknown>;
type Place = Pick<Host, 'sandbox' | 'controller'>;

const tenant = fc.constantFrom('blue', 'red');

/** Objects whose key begins with this live through all changes. */
export const apart = 'green';

/** What the generated hosts do not have: limits, and groups of the switch. */
const more = fc.oneof(
  fc.record({
    kind: fc.constant('netProfile'),
    tenant,
    name: fc.constantFrom('gold', 'lead'),
    bandwidth: fc.constantFrom('1 mbps', '10 mbps', '1 gbps'),
    dscp: fc.constantFrom(0, 46),
    scope: fc.constantFrom('endpoint', 'group'),
  }),
  fc.record({
    kind: fc.constant('group'),
    tenant,
    name: fc.constantFrom('g0', 'g1', 'g2', 'g3'),
    netProfile: fc.constantFrom('gold', 'lead'),
    policies: fc.subarray(['p0', 'p1', 'p2']),
  }),
  fc
    .record({
      tenant,
      name: fc.constantFrom('s0', 's1'),
      network: fc.constant('vx'),
      ips: fc.subarray(['10.1.0.77', 'fd00:1::77'], { minLength: 1 }),
      ports: fc.constantFrom([{ port: 80, protocol: 'tcp' }], [{ port: 53, targetPort: 5353, protocol: 'udp' }]),
      affinity: fc.constantFrom('none', 'clientIp'),
      numbers: fc.subarray([1, 2, 3, 4], { minLength: 1 }),
    })
    .map(({ numbers, ...rest }) => ({
      kind: 'service',
      ...rest,
      providers: numbers.map((n) => `${rest.tenant}-${n}`),
    })),
);

const settings = fc.record({
  policyMode: fc.constantFrom('joint', 'both-sides'),
  onPolicyChange: fc.constantFrom('reevaluate', 'keep'),
  midstream: fc.constantFrom('adopt', 'drop'),
  arpMode: fc.constantFrom('proxy', 'flood'),
});

/** What somebody sets in a row; the rest is what vswitchd says of it. */
const columns = {
  bridge: 'name,ports,datapath_type,fail_mode,protocols,external_ids,other_config',
  port: 'name,interfaces,tag,trunks,vlan_mode,bond_mode,lacp,qos,external_ids,other_config',
  interface: 'name,type,options,ofport_request,ingress_policing_rate,external_ids,other_config',
  qos: '_uuid',
  queue: '_uuid',
  mirror: '_uuid',
};

/** The whole switch in its own tools' words: rows of its database, flows, groups, meters and tracked connections. */
export async function everything({ sandbox }: Place): Promise<string[]> {
  const bridge = sandbox.mgmt('br-sluice');
  const rows = await Promise.all(
    Object.entries(columns).map(([table, names]) => sandbox.vsctl(`--columns=${names}`, 'list', table)),
  );
  const connections = await sandbox.appctl('dpctl/dump-conntrack');
  const dumps = [sandbox.ofctl(['dump-groups', bridge]), sandbox.ofctl(['dump-meters', bridge])];
  // The first line has the transaction's number.
  const bodies = (await Promise.all(dumps)).map((text) => text.split('\n').slice(1).toSorted().join('\n'));
  return [...rows, ...(await ofctlLines(sandbox)), ...bodies, connections];
}

export interface Tally {
  changed: number;
  refused: number;
  /** Most of each that there was at a time. */
  readonly most: { flows: number; groups: number; meters: number; connections: number };
  /** Frames of the traffic meanwhile. */
  frames: number;
}

async function take(host: Place, request: Parameters<Place['controller']['apply']>[0], tally: Tally): Promise<void> {
  try {
    await host.controller.apply(request, 'committed');
    tally.changed++;
  } catch (error) {
    // Most random requests name something that is not there; they must change nothing.
    if (!(error instanceof SluiceError) || !['invalid_request', 'in_use', 'not_found'].includes(error.code))
      throw error;
    tally.refused++;
  }
}

async function look(host: Place, tally: Tally): Promise<void> {
  const lines = await host.controller.flows({});
  expect(lines.map(({ text }) => text).toSorted()).toEqual(await ofctlLines(host.sandbox));
  const bridge = host.sandbox.mgmt('br-sluice');
  const count = (text: string, word: RegExp) => [...text.matchAll(word)].length;
  const { most } = tally;
  most.flows = Math.max(most.flows, lines.length);
  most.groups = Math.max(most.groups, count(await host.sandbox.ofctl(['dump-groups', bridge]), /group_id=/g));
  most.meters = Math.max(most.meters, count(await host.sandbox.ofctl(['dump-meters', bridge]), /meter=/g));
  most.connections = Math.max(most.connections, count(await host.sandbox.appctl('dpctl/dump-conntrack'), /orig=/g));
}

/** `changes` requests of a few objects or deletions each under traffic, then the deletion of everything. */
export async function churn(
  host: Place,
  changes: number,
  seed: number,
  send: (host: Place) => Traffic | Promise<Traffic> = startTraffic,
): Promise<Tally> {
  const before = await everything(host);
  const first = host.controller.state.settings.spec;
  const most = { flows: 0, groups: 0, meters: 0, connections: 0 };
  const tally: Tally = { changed: 0, refused: 0, most, frames: 0 };
  const [one = []] = fc.sample(objects, { numRuns: 1, seed });
  const { datapathType } = first;
  await take(host, { put: one.map((o) => (o['kind'] === 'settings' ? { ...o, datapathType } : o)) }, tally);
  const traffic = await send(host);
  try {
    await change(host, changes, seed, tally);
    await traffic.beforeDeletion?.();
    const tenants = [...host.controller.state.tenants].map(({ kind, key }) => ({ kind, key }));
    const peers = [...host.controller.state.peers].map(({ kind, key }) => ({ kind, key }));
    await host.controller.apply({ put: [first], delete: [...tenants, ...peers], cascade: true }, 'committed');
  } finally {
    await traffic.stop();
  }
  tally.frames = traffic.frames;
  expect(await everything(host)).toEqual(before);
  return tally;
}

async function change(host: Place, changes: number, seed: number, tally: Tally): Promise<void> {
  const hosts = fc.sample(objects, { numRuns: 20, seed: seed + 1 }).map((each) => each.slice(1));
  const pool: Spec[] = [...hosts.flat(), ...fc.sample(more, { numRuns: 800, seed })];
  const dice = fc.sample(fc.tuple(fc.nat(9), fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), settings), {
    numRuns: changes,
    seed,
  });
  for (const [i, [face, picks, mode]] of dice.entries()) {
    if (face < 8) {
      const put = new Map(
        picks
          .map((n) => pool[n % pool.length]!)
          .map((o) => [
            `${String(o['kind'])} ${String(o['tenant'])} ${String(o['policy'])} ${String(o['id'] ?? o['name'])}`,
            o,
          ]),
      );
      await take(host, { put: [...put.values()] }, tally);
    } else if (face === 8) {
      const { state } = host.controller;
      const all: Ref[] = kinds
        .flatMap((kind) => [...(state.collection(kind) as Iterable<AnyObject>)])
        .filter(({ kind }) => !['settings', 'tenant', 'network', 'peer'].includes(kind))
        .filter(({ key }) => !key.startsWith(apart));
      const gone = picks.flatMap((n) => all[n % all.length] ?? []).map(({ kind, key }) => ({ kind, key }));
      await take(host, { delete: gone.slice(0, 1), cascade: picks.length === 4 }, tally);
    } else await take(host, { settings: mode }, tally);
    if (i % Math.ceil(changes / 30) === 0) await look(host, tally);
  }
}
