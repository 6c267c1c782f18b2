/**
 * Which owners a change touches: the objects themselves and those whose flows speak of them.
 * Neighbours: compile.ts compiles what is found here; src/datapath adds the owners of ports that moved.
 * Invariant: an owner that is not named here would compile to the same bytes as before (test/pipeline/dependents.test.ts).
 */
import {
  interfaceOf,
  ownerKey,
  type AnyObject,
  type Change,
  type Endpoint,
  type Group,
  type NetProfile,
  type Network,
  type Service,
  type State,
} from '../model/index.js';

/** Owners to compile again, and owners that are gone. */
export interface Dirty {
  readonly objects: Map<number, AnyObject>;
  readonly gone: Set<number>;
  /** The system's own flows. */
  system: boolean;
  /** Everything: settings changed. */
  all: boolean;
}

export function nothingDirty(): Dirty {
  return { objects: new Map(), gone: new Set(), system: false, all: false };
}

/** Mark one object. */
export function touch(dirty: Dirty, object: AnyObject | undefined): void {
  if (!object) return;
  const owner = ownerKey(object.kind, object.id);
  dirty.gone.delete(owner);
  dirty.objects.set(owner, object);
}

function touchNetwork(dirty: Dirty, state: State, key: string): void {
  touch(dirty, state.networks.get(key));
}

function touchRules(dirty: Dirty, state: State, policy: string): void {
  for (const rule of state.policyRules(policy)) touch(dirty, rule);
}

/** Where an endpoint is decides who is in its network's flood lists. */
function endpointChanged(dirty: Dirty, after: State, was: Endpoint | undefined, is: Endpoint | undefined): void {
  const place = (e: Endpoint | undefined): string =>
    e?.where === undefined ? '' : 'interface' in e.where ? `i ${e.where.interface}` : `v ${e.where.vtepIp}`;
  if (was?.network === is?.network && place(was) === place(is)) return;
  if (was) touchNetwork(dirty, after, was.network);
  if (is) touchNetwork(dirty, after, is.network);
}

/** Meters and marks are where the endpoints are. */
function touchLocalMembers(dirty: Dirty, state: State, group: Group): void {
  for (const e of state.groupMembers(group.key)) if (interfaceOf(e) !== undefined) touch(dirty, e);
}

/** Of a shared limit only the rate changed: that is in the group's own meters, and nobody else's flows speak of it. */
function netProfileChanged(dirty: Dirty, after: State, was: NetProfile | undefined, is: NetProfile | undefined): void {
  if (was === undefined || is === undefined) return;
  const sameFlows =
    was.dscp === is.dscp && was.scope === is.scope && (was.limit === undefined) === (is.limit === undefined);
  for (const group of after.profileGroups(is.key)) {
    touch(dirty, group);
    if (is.scope === 'endpoint' || !sameFlows) touchLocalMembers(dirty, after, group);
  }
}

/** A service's groups hold the addresses of its providers. */
function providerChanged(dirty: Dirty, after: State, was: Endpoint | undefined, is: Endpoint | undefined): void {
  if (after.services.size === 0) return;
  const addresses = (e: Endpoint | undefined): string =>
    `${e?.spec.ipv4} ${e?.ipv6[0] === undefined ? '' : e.spec.ipv6?.join()} ${e?.id}`;
  if (addresses(was) === addresses(is)) return;
  for (const e of [was, is]) for (const service of e ? after.provided(e) : []) touch(dirty, service);
}

/** Providers have flows of their own, which speak of the service's addresses. */
function serviceChanged(dirty: Dirty, after: State, was: Service | undefined, is: Service | undefined): void {
  const before = new Set(was ? after.providers(was) : []);
  const now = new Set(is ? after.providers(is) : []);
  const same = was?.id === is?.id && was?.spec.ips.join() === is?.spec.ips.join();
  for (const e of new Set([...before, ...now])) if (!same || before.has(e) !== now.has(e)) touch(dirty, e);
}

/** A network has its groups' own tags in its flows; local members say whose they are when there is one, not which it is. */
function tagChanged(dirty: Dirty, after: State, was: Group | undefined, is: Group | undefined): void {
  if (was?.tag === is?.tag && was?.network === is?.network && was?.id === is?.id) return;
  for (const group of [was, is]) {
    if (group?.tag !== undefined && group.network !== undefined) touchNetwork(dirty, after, group.network);
  }
  if (was && is && (was.tag === undefined) !== (is.tag === undefined)) touchLocalMembers(dirty, after, is);
}

/** A group that appears in, leaves or joins a policy set adds or removes that set from the policies' rules. */
function groupChanged(dirty: Dirty, after: State, was: Group | undefined, is: Group | undefined): void {
  // Members load the group's id; a new group has none yet that are not in the request themselves.
  if (was && is && was.id !== is.id) {
    for (const e of after.groupMembers(is.key)) touch(dirty, e);
  }
  if (was && is && was.netProfile !== is.netProfile) touchLocalMembers(dirty, after, is);
  tagChanged(dirty, after, was, is);
  if (was && is && was.policySet === is.policySet && was.policies.join() === is.policies.join()) return;
  for (const policy of new Set([...(was?.policies ?? []), ...(is?.policies ?? [])])) touchRules(dirty, after, policy);
}

/** Members' flows speak of their network's id, of its encapsulation when they are not local, and of its being routed. */
function networkChanged(dirty: Dirty, after: State, was: Network | undefined, is: Network | undefined): void {
  if (!was || !is) return;
  const sameWay = was.encap === is.encap && was.id === is.id && was.forwarding === is.forwarding;
  if (!sameWay) for (const e of after.members(is.key)) touch(dirty, e);
  if (!sameWay || was.mtu !== is.mtu) for (const route of after.networkRoutes(is.key)) touch(dirty, route);
}

/** The host's ways carry other sizes than before, or can be measured now: what path-mtu.ts writes. */
export function addMeasured(dirty: Dirty, state: State): void {
  dirty.system = true;
  for (const network of state.networks.values()) touch(dirty, network);
  for (const route of state.routes.values()) touch(dirty, route);
}

/** Add to `dirty` what `changes` touch; `after` is the state that holds them. */
export function addDependents(dirty: Dirty, changes: readonly Change[], after: State): void {
  for (const { before, after: object } of changes) {
    if (object) touch(dirty, object);
    else if (before) {
      const owner = ownerKey(before.kind, before.id);
      dirty.objects.delete(owner);
      dirty.gone.add(owner);
    }
    const kind = (object ?? before)?.kind;
    switch (kind) {
      case 'settings':
        dirty.all = true;
        break;
      case 'endpoint':
        endpointChanged(dirty, after, before as Endpoint | undefined, object as Endpoint | undefined);
        providerChanged(dirty, after, before as Endpoint | undefined, object as Endpoint | undefined);
        break;
      case 'peer':
        // Which host answers for a VLAN's gateway.
        for (const network of after.networks.values()) if (network.encap === 'vlan') touch(dirty, network);
        break;
      case 'group':
        groupChanged(dirty, after, before as Group | undefined, object as Group | undefined);
        break;
      case 'policy':
        // The rules of an audited policy are in a table of their own.
        if (before?.kind === 'policy' && object?.kind === 'policy' && before.audit !== object.audit) {
          touchRules(dirty, after, object.key);
        }
        break;
      case 'netProfile':
        netProfileChanged(dirty, after, before as NetProfile | undefined, object as NetProfile | undefined);
        break;
      case 'network':
        networkChanged(dirty, after, before as Network | undefined, object as Network | undefined);
        break;
      case 'service':
        serviceChanged(dirty, after, before as Service | undefined, object as Service | undefined);
        break;
      default:
        break;
    }
  }
}
