/**
 * Objects that give about a wanted number of flows, as an agent would state them, and their compilation.
 * Neighbours: every benchmark that starts from objects. Invariant: the same size gives the same objects and so the same
 * bytes.
 */
import { type Accepted, emptyState, judge, type State } from '../src/model/index.js';
import { Batch } from '../src/openflow/index.js';
import { compileObject, compileSystem, everyObject } from '../src/pipeline/compile.js';
import type { World } from '../src/pipeline/world.js';

const networks = 20;
const localShare = 50; // one endpoint in fifty is on this host
const firstOfport = 10;

export interface Size {
  readonly endpoints: number;
  /** A group, with a policy of its own, for each hundred endpoints. */
  readonly rulesPerPolicy?: number;
  readonly peers?: number;
  /** Routes of the tenant, in routed networks beside the others; default none. */
  readonly routes?: number;
}

const vtepIp = (n: number): string => `172.31.${n >> 8}.${n & 0xff}`;
const firstPeer = 10;

/** A tenant with VXLAN networks, an endpoint behind one of the peers in each address, and a policy for each group. */
export function* objectsFor({
  endpoints,
  rulesPerPolicy = 20,
  peers = 16,
  routes = 0,
}: Size): Generator<Record<string, unknown>> {
  const groups = Math.max(1, Math.floor(endpoints / 100));
  yield { kind: 'settings', vtepIp: '172.31.0.1' };
  yield { kind: 'tenant', name: 'blue' };
  for (let n = 0; n < networks; n++) {
    yield { kind: 'network', tenant: 'blue', name: `net${n}`, encap: 'vxlan', vni: 5000 + n, subnet: `10.${n}.0.0/16` };
  }
  for (let p = 0; p < peers; p++) yield { kind: 'peer', vtepIp: vtepIp(firstPeer + p) };
  for (let g = 0; g < groups; g++) {
    yield { kind: 'policy', tenant: 'blue', name: `policy${g}` };
    yield { kind: 'group', tenant: 'blue', name: `group${g}`, policies: [`policy${g}`], defaultAction: 'deny' };
    for (let r = 0; r < rulesPerPolicy; r++) {
      const peer = { group: `group${(g + r) % groups}` };
      const service = { protocol: 'tcp', port: 1000 + r };
      yield {
        kind: 'rule',
        tenant: 'blue',
        policy: `policy${g}`,
        id: `${r}`,
        direction: 'in',
        priority: 1 + r,
        action: 'allow',
        ...service,
        peer,
      };
    }
  }
  for (let e = 0; e < endpoints; e++) {
    const where = e % localShare === 0 ? { interface: `vm${e}` } : { vtepIp: vtepIp(firstPeer + (e % peers)) };
    yield endpointObject(e, `group${e % groups}`, where);
  }
  if (routes > 0) yield* routesFor(routes, peers);
}

/** Routed networks, and routes whose next hops are in them: by turns on the link, and behind a peer. */
function* routesFor(routes: number, peers: number): Generator<Record<string, unknown>> {
  for (let n = 0; n < networks; n++) {
    const subnet = { subnet: `100.${64 + n}.0.0/16`, gateway: `100.${64 + n}.0.1`, forwarding: 'routing' };
    yield { kind: 'network', tenant: 'blue', name: `routed${n}`, encap: 'vxlan', vni: 7000 + n, ...subnet };
  }
  for (let r = 0; r < routes; r++) {
    const [high, low] = [r >> 8, r & 0xff];
    const behind = r % 2 === 0 ? {} : { vtepIp: vtepIp(firstPeer + (r % peers)) };
    const mac = `02:00:0c:00:${hex(high)}:${hex(low)}`;
    const where = { network: `routed${Math.floor(r / 2) % networks}`, mac, ...behind };
    yield { kind: 'route', tenant: 'blue', prefix: `20.${high}.${low}.0/24`, ...where };
  }
}

/** Endpoint number `e`: its network and addresses follow from the number. */
export function endpointObject(e: number, group: string, where: Record<string, string>): Record<string, unknown> {
  const network = e % networks;
  const host = Math.floor(e / networks) + 1;
  return {
    kind: 'endpoint',
    id: `e${e}`,
    tenant: 'blue',
    network: `net${network}`,
    group,
    mac: `02:00:0a:${hex(network)}:${hex(host >> 8)}:${hex(host & 0xff)}`,
    ipv4: `10.${network}.${host >> 8}.${host & 0xff}`,
    ...where,
  };
}

export const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** What `put` on a state makes of it. */
export function accept(state: State, put: unknown[]): Accepted {
  const judged = judge(state, { put });
  if (!judged.ok) throw new Error(judged.problems.map((one) => `${one.pointer}: ${one.message}`).join('\n'));
  return judged.accepted;
}

export function stateOf(size: Size): State {
  return accept(emptyState(), [...objectsFor(size)]).state;
}

/** Ports as a switch would have numbered them: vm0, vm50, … from 10 on. */
export function worldOf(state: State): World {
  const of = (iface: string) => firstOfport + Number(iface.slice(2)) / localShare;
  return { state, ports: { of, tunnel: 1, uplink: undefined } };
}

/** Everything of a world, written anew into the batch, as the daemon does after a start. */
export function compileAll(batch: Batch, world: World): Uint8Array {
  batch.reset();
  compileSystem(batch, world);
  for (const object of everyObject(world)) compileObject(batch, world, object);
  return batch.bytes();
}

/** A world with about `flows` flows: the size of a small one tells how many endpoints that takes. */
export function worldWith(flows: number): { world: World; endpoints: number } {
  const batch = new Batch();
  const count = (endpoints: number) => {
    compileAll(batch, worldOf(stateOf({ endpoints })));
    return batch.flowCount;
  };
  const [few, more] = [1_000, 2_000];
  const base = count(few);
  const perEndpoint = (count(more) - base) / (more - few);
  const endpoints = Math.max(1, Math.round(few + (flows - base) / perEndpoint));
  return { world: worldOf(stateOf({ endpoints })), endpoints };
}
