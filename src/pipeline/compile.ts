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
  tunnel,
  hostAccess,
  spoofGuard,
  neighbours,
  source,
  service,
  provider,
  router,
  route,
  destination,
  conntrack,
  policy,
  dscp,
  bandwidth,
  deliver,
];

/** The owner of what belongs to no object: misses, guards, tracking. */
export const systemOwner = ownerKey('system', 0);

/** Write the system's own flows. */
export function compileSystem(batch: Batch, w: World): void {
  const flows = batch.owner(systemOwner);
  for (const feature of features) feature.system?.(flows, w);
}

/** Write the whole set of one object; an object without flows still gets its (empty) set, which withdraws what it had. */
export function compileObject(batch: Batch, w: World, object: AnyObject): void {
  const flows = batch.owner(ownerKey(object.kind, object.id));
  for (const feature of features) {
    switch (object.kind) {
      case 'network':
        feature.network?.(flows, w, object);
        break;
      case 'group':
        feature.group?.(flows, w, object);
        break;
      case 'rule':
        feature.rule?.(flows, w, object);
        break;
      case 'endpoint':
        feature.endpoint?.(flows, w, object);
        break;
      case 'peer':
        feature.peer?.(flows, w, object);
        break;
      case 'service':
        feature.service?.(flows, w, object);
        break;
      case 'route':
        feature.route?.(flows, w, object);
        break;
      default:
        break;
    }
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
