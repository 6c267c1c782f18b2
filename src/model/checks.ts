/**
 * What one object of a proposed state must be to the others: references, and rules between kinds.
 * Neighbours: judge.ts and restore.ts run them over a Draft; kinds/ bring the rules of their own.
 * Invariant: pure; a check reads the state as it would be and reports, nothing else.
 */
import { cidrsOverlap, compareCidr, formatCidr, type Cidr } from './addr.js';
import type { Mutable } from './kinds/kind.js';
import { rulesOf } from './kinds/registry.js';
import type { Say } from './problems.js';
import type { RefMap } from './refs.js';
import type { Snapshot } from './state.js';
import { didYouMean } from './suggest.js';
import type { Written } from './voice.js';
import type { Numbers } from './draft.js';
import type { AnyObject, Network, Ref } from './types.js';

/** An object on its way into the state. */
export interface Candidate {
  readonly object: Mutable<AnyObject>;
  /** Its place in the request. */
  readonly place: number;
  readonly written?: Written;
  readonly before?: AnyObject;
  readonly numbers: Numbers;
}

/** Names that somebody tried to put but that have problems of their own: missing them is not news. */
export type Attempted = Pick<RefMap<unknown>, 'has'>;

/** Every object it names must exist; then the kind's own rules. */
export function checkCandidate({ object }: Candidate, state: Snapshot, attempted: Attempted, say: Say): void {
  const rules = rulesOf(object.kind);
  let tenantTold = false;
  for (const { field, ref } of rules.references(object)) {
    if (state.object(ref) !== undefined || attempted.has(ref)) continue;
    const tenant = ref.key.includes('/') ? ref.key.split('/')[0] : undefined;
    if (tenant !== undefined && !state.tenants.has(tenant)) {
      if (tenantTold || attempted.has({ kind: 'tenant', key: tenant })) continue;
      tenantTold = true;
      say('tenant', 'no_such_object', `no tenant \`${tenant}\``, didYouMean(tenant, state.tenants.keys()));
    } else sayMissing(field, ref, tenant, state, say);
  }
  rules.check?.(object, state, say);
}

function sayMissing(field: string, ref: Ref, tenant: string | undefined, state: Snapshot, say: Say): void {
  if (tenant === undefined) {
    say(
      field,
      'no_such_object',
      `no ${ref.kind} \`${ref.key}\``,
      didYouMean(ref.key, state.collection(ref.kind).keys()),
    );
    return;
  }
  const name = ref.key.slice(tenant.length + 1);
  const names = function* () {
    for (const key of state.collection(ref.kind).keys())
      if (key.startsWith(`${tenant}/`)) yield key.slice(tenant.length + 1);
  };
  say(field, 'no_such_object', `no ${ref.kind} \`${name}\` in tenant \`${tenant}\``, didYouMean(name, names()));
}

/** A changed network or group must still suit the endpoints, groups and services that are in it and not part of the request. */
export function checkMembers(
  { object, before }: Candidate,
  state: Snapshot,
  say: Say,
  inRequest: (member: AnyObject) => boolean,
): void {
  if (before === undefined || (object.kind !== 'network' && object.kind !== 'group')) return;
  const members = object.kind === 'network' ? state.members(object.key) : state.groupMembers(object.key);
  const rules = rulesOf('endpoint');
  for (const endpoint of members) {
    if (inRequest(endpoint)) continue;
    rules.check?.(endpoint, state, (_field, code, message) =>
      say('', code, `endpoint \`${endpoint.key}\`: ${message}`),
    );
  }
  if (object.kind !== 'network') return;
  for (const group of state.taggedGroups(object.key)) {
    if (inRequest(group)) continue;
    rulesOf('group').check?.(group, state, (_field, code, message) =>
      say('', code, `group \`${group.key}\`: ${message}`),
    );
  }
  for (const service of state.networkServices(object.key)) {
    if (inRequest(service)) continue;
    rulesOf('service').check?.(service, state, (_field, code, message) =>
      say('', code, `service \`${service.key}\`: ${message}`),
    );
  }
}

/** The subnets of one tenant must not share addresses: it is one IP space. */
export function checkOverlaps(tenant: string, state: Snapshot, sayFor: (network: Network) => Say | undefined): void {
  const subnets: { network: Network; cidr: Cidr; field: string }[] = [];
  for (const network of state.tenantNetworks(tenant)) {
    if (network.subnet) subnets.push({ network, cidr: network.subnet, field: 'subnet' });
    if (network.ipv6Subnet) subnets.push({ network, cidr: network.ipv6Subnet, field: 'ipv6Subnet' });
  }
  // Prefixes nest or are disjoint, so in this order an overlap shows between neighbours, the wider one first.
  subnets.sort((a, b) => compareCidr(a.cidr, b.cidr) || (a.network.key < b.network.key ? -1 : 1));
  let last = subnets[0];
  for (const next of subnets.slice(1)) {
    if (last !== undefined && cidrsOverlap(last.cidr, next.cidr)) {
      const [mine, other] = sayFor(next.network) === undefined ? [last, next] : [next, last];
      sayFor(mine.network)?.(
        mine.field,
        'overlap',
        `${formatCidr(mine.cidr)} overlaps ${formatCidr(other.cidr)} of network \`${other.network.key}\``,
      );
    } else last = next;
  }
}
