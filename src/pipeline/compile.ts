/**
 * Objects → flows: an owner's whole set, written into a batch.
 * Neighbours: src/datapath calls it for the owners that dependents.ts found dirty.
 * Invariant: pure; the same world and owner give the same bytes.
 */
import { ownerKey, type AnyObject, type Kind } from '../model/index.js';
import type { Batch } from '../openflow/index.js';
import { bandwidth } from './bandwidth.js';
import { classify } from './classify.js';
import { conntrack } from './conntrack.js';
import { deliver } from './deliver.js';
import { destination } from './destination.js';
import { dscp } from './dscp.js';
import type { Feature } from './feature.js';
import { hostAccess } from './host-access.js';
import { miss } from './miss.js';
import { neighbours } from './neighbours.js';
import { outside } from './outside.js';
import { pathMtu } from './path-mtu.js';
import { policy } from './policy.js';
import { punts } from './punt.js';
import { route } from './route.js';
import { router } from './router.js';
import { provider } from './provider.js';
import { service } from './service.js';
import { source } from './source.js';
import { spoofGuard } from './spoof-guard.js';
import { tunnel } from './tunnel.js';
import { uplink } from './uplink.js';
import type { World } from './world.js';

/** In packet order. */
const features: readonly Feature[] = [
  miss,
  punts,
  classify,
  uplink,
  outside,
  tunnel,
  hostAccess,
  spoofGuard,
  neighbours,
  source,
  service,
  provider,
  router,
  pathMtu,
  route,
  destination,
  conntrack,
  policy,
  dscp,
  bandwidth,
  deliver,
];

/** The share of each feature that has anything to say of a kind: an owner does not pass by the others. */
function sharesOf<K extends keyof Feature>(kind: K): NonNullable<Feature[K]>[] {
  return features.map((feature) => feature[kind]).filter((share) => share !== undefined);
}

const shares = {
  system: sharesOf('system'),
  network: sharesOf('network'),
  group: sharesOf('group'),
  rule: sharesOf('rule'),
  endpoint: sharesOf('endpoint'),
  route: sharesOf('route'),
  peer: sharesOf('peer'),
  service: sharesOf('service'),
} as const;

/** The owner of what belongs to no object: misses, guards, tracking. */
export const systemOwner = ownerKey('system', 0);

/** Write the system's own flows. */
export function compileSystem(batch: Batch, w: World): void {
  const flows = batch.owner(systemOwner);
  for (const share of shares.system) share(flows, w);
}

/** Write the whole set of one object; an object without flows still gets its (empty) set, which withdraws what it had. */
export function compileObject(batch: Batch, w: World, object: AnyObject): void {
  const flows = batch.owner(ownerKey(object.kind, object.id));
  switch (object.kind) {
    case 'network':
      for (const share of shares.network) share(flows, w, object);
      break;
    case 'group':
      for (const share of shares.group) share(flows, w, object);
      break;
    case 'rule':
      for (const share of shares.rule) share(flows, w, object);
      break;
    case 'endpoint':
      for (const share of shares.endpoint) share(flows, w, object);
      break;
    case 'peer':
      for (const share of shares.peer) share(flows, w, object);
      break;
    case 'service':
      for (const share of shares.service) share(flows, w, object);
      break;
    case 'route':
      for (const share of shares.route) share(flows, w, object);
      break;
    default:
      break;
  }
}

/** Withdraw everything of an object that is gone. */
export function compileGone(batch: Batch, owner: number): void {
  batch.owner(owner);
}

const kindsWithFlows: ReadonlySet<Kind> = new Set(['network', 'peer', 'group', 'rule', 'endpoint', 'service', 'route']);

/** Whether objects of a kind may own flows; the others only shape those of others. */
export function ownsFlows(kind: Kind): boolean {
  return kindsWithFlows.has(kind);
}

/** Every object that may own flows, in an order that reads well in a dump. */
export function* everyObject(w: World): Iterable<AnyObject> {
  yield* w.state.networks.values();
  yield* w.state.peers.values();
  yield* w.state.groups.values();
  yield* w.state.rules.values();
  yield* w.state.endpoints.values();
  yield* w.state.services.values();
  yield* w.state.routes.values();
}
