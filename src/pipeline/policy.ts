/**
 * Policy: every rule is one flow for each policy set that contains it (times its CIDRs and ports, or plus where that is cheaper).
 * Neighbours: conntrack.ts turned the connection's first direction up; source.ts numbered the policy sets; rule-match.ts has the
 * halves of a rule's matches.
 * Invariants: matches only the original tuple and the registers (and SCTP's own ports), so one flow judges both directions. Of a
 * conjunction every part has the rule's set, the same priority and no other action, and no plain flow has that priority.
 */
import type { Rule } from '../model/index.js';
import { m, type Flows, type Fragment, type TableRef } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { conjunctionPriority, reg, rulePriority, t } from './layout.js';
import { toDaemon } from './punt.js';
import { addressesOf, join, servicesOf } from './rule-match.js';
import { isAudit, policySetsOf, type World } from './world.js';

/** The object half of the peer: a group, or the endpoints of a network, which stands alone. */
function peerObject(w: World, rule: Rule): Fragment | undefined {
  const { group, network } = rule.peer;
  if (group !== undefined) {
    const id = w.state.groups.get(group)?.id;
    if (id === undefined) throw new Error(`rule ${rule.key} names group ${group}, which the state does not have`);
    return rule.direction === 'in' ? m`${reg.sourceGroup}=${id}` : m`${reg.destinationGroup}=${id}`;
  }
  if (network !== undefined) {
    const id = w.state.networks.get(network)?.id;
    if (id === undefined) throw new Error(`rule ${rule.key} names network ${network}, which the state does not have`);
    return rule.direction === 'in' ? m`${reg.sourceNetwork}=${id}` : m`${reg.destinationNetwork}=${id}`;
  }
  return undefined;
}

let ownSides: { readonly sets: readonly number[]; readonly in: Fragment[]; readonly out: Fragment[] } | undefined;

/** The rule's own half, for each policy set. A policy's rules are mostly compiled one after another, and say the same here. */
function ownSidesOf(w: World, rule: Rule): readonly Fragment[] {
  const sets = policySetsOf(w, rule.policy);
  if (ownSides?.sets !== sets) {
    ownSides = {
      sets,
      in: sets.map((set) => m`${reg.destinationSet}=${set}`),
      out: sets.map((set) => m`${reg.sourceSet}=${set}`),
    };
  }
  return ownSides[rule.direction];
}

/** Where rules are looked up, and where a packet goes on from there. */
interface Place {
  readonly table: TableRef;
  readonly next: TableRef;
  /** An audited rule only counts: whatever its action, the packet goes on. */
  readonly decides: boolean;
  /** Who is denied, or would be, is shown to the daemon, which takes nothing from the verdict: the packet ends, or goes on, either way. */
  readonly logs: boolean;
}

/** Joint, both directions are one list, and the tables of the out-rules are empty. */
function placeOf(w: World, direction: 'in' | 'out', audited: boolean): Place {
  const logs = w.state.settings.logDenied;
  const apart = direction === 'out' && w.state.settings.policyMode === 'both-sides';
  if (audited)
    return { table: apart ? t.auditOut : t.audit, next: apart ? t.audit : t.policyOut, decides: false, logs };
  return { table: apart ? t.policyOut : t.policy, next: apart ? t.policy : t.commit, decides: true, logs };
}

/** What a rule that matched does. */
function decide(
  f: Flows,
  rule: Rule,
  { table, next, decides, logs }: Place,
  priority: number,
  own: Fragment,
  object: Fragment | undefined,
  rest: Fragment | undefined,
): void {
  if (rule.action === 'allow' || !decides) {
    const told = logs && rule.action === 'deny' ? [toDaemon.denied] : [];
    f.add`table=${table}, priority=${priority}, ${own}, ${object}, ${rest}, actions=${told}, goto_table:${next}`;
  } else if (logs) {
    f.add`table=${table}, priority=${priority}, ${own}, ${object}, ${rest}, actions=${toDaemon.denied}`;
  } else {
    f.add`table=${table}, priority=${priority}, ${own}, ${object}, ${rest}, actions=drop`;
  }
}

const tracked = m`ct_state=+trk-inv`;

/** Apart must cost less than half: the switch looks at more of a packet for a conjunction, and so caches more flows. */
const gain = 2;

export const policy: Feature = {
  rule(f, w, rule) {
    const place = placeOf(w, rule.direction, isAudit(w, rule.policy));
    const object = peerObject(w, rule);
    const addresses = addressesOf(rule);
    const services = servicesOf(rule);
    const apart = addresses.length + services.length + 1;
    const conjoined = rule.conjunction !== 0 && addresses.length * services.length > gain * apart;
    const priority = (conjoined ? conjunctionPriority : rulePriority)(rule.priority, rule.action);
    const id = rule.conjunction;
    for (const own of ownSidesOf(w, rule)) {
      if (conjoined) {
        // The set is in both clauses, so that one number will do for all sets.
        for (const { match } of services) {
          f.add`table=${place.table}, priority=${priority}, ${own}, ${object}, ${match}, actions=conjunction(${id},1/2)`;
        }
        for (const { match } of addresses) {
          f.add`table=${place.table}, priority=${priority}, ${own}, ${object}, ${tracked}, ${match}, actions=conjunction(${id},2/2)`;
        }
        continue;
      }
      for (const address of addresses) {
        for (const service of services) {
          const match = join(address, service);
          // No packet is of both families.
          if (match !== undefined) decide(f, rule, place, priority, own, object, match);
        }
      }
    }
    if (conjoined) decide(f, rule, place, priority, m`conj_id=${id}`, undefined, tracked);
  },

  /** A default of deny counts as a rule of priority 0 in both directions. */
  group(f, w, g) {
    if (g.defaultAction !== 'deny') return;
    const priority = rulePriority(0, 'deny');
    const verdict = w.state.settings.logDenied ? [toDaemon.denied] : [];
    f.add`table=${t.policy}, priority=${priority}, ct_state=+trk-inv, ${reg.destinationSet}=${g.policySet}, actions=${verdict}`;
    const { table } = placeOf(w, 'out', false);
    f.add`table=${table}, priority=${priority}, ct_state=+trk-inv, ${reg.sourceSet}=${g.policySet}, actions=${verdict}`;
  },
};
