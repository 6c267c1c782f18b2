/**
 * The rules of a policy by direction and by whom they name, for whoever compares rules with each other.
 * Neighbours: shelf.ts files each sort; ends.ts says which sorts speak of a connection.
 * Invariant: made when somebody asks and kept as long as no rule of the policy is another, whatever else changes.
 */
import { Shelf } from './shelf.js';
import type { Rule, State } from './types.js';

type Sort = Pick<Rule, 'direction' | 'priority' | 'action'>;

/** Whom a rule names as its peer: a group, a network, or nobody (''). */
export const objectOf = ({ peer }: Rule): string =>
  peer.group ?? (peer.network === undefined ? '' : network(peer.network));
/** A network and a group may have one key. */
export const network = (key: string): string => `network ${key}`;

export class PolicyIndex {
  readonly #objects = new Map<string, Shelf>();
  readonly #named = { in: new Set<string>(), out: new Set<string>() };
  readonly #sorts = new Map<string, Shelf[]>();

  constructor(rules: Iterable<Rule>) {
    const objects = new Map<string, Rule[]>();
    for (const rule of rules) {
      const object = objectOf(rule);
      this.#named[rule.direction].add(object);
      const key = `${rule.direction} ${object}`;
      const there = objects.get(key);
      if (there === undefined) objects.set(key, [rule]);
      else there.push(rule);
    }
    for (const [key, each] of objects) this.#objects.set(key, new Shelf(each));
  }

  /** Whom its rules of a direction name. */
  named(direction: Rule['direction']): ReadonlySet<string> {
    return this.#named[direction];
  }

  /** Its rules of a direction about an object. */
  about(direction: Rule['direction'], object: string): Shelf | undefined {
    return this.#objects.get(`${direction} ${object}`);
  }

  /** Its rules of one direction, priority and action: one shelf for each object. */
  sort({ direction, priority, action }: Sort): readonly Shelf[] {
    const key = `${direction} ${priority} ${action}`;
    let shelves = this.#sorts.get(key);
    if (shelves === undefined) {
      shelves = [...this.#named[direction]].flatMap((object) => {
        const rules = this.about(direction, object)!.rules.filter(
          (r) => r.priority === priority && r.action === action,
        );
        return rules.length === 0 ? [] : [new Shelf(rules)];
      });
      this.#sorts.set(key, shelves);
    }
    return shelves;
  }
}

const indexes = new WeakMap<object, PolicyIndex>();
const none = new PolicyIndex([]);

export function indexOf(state: State, policy: string): PolicyIndex {
  const rules = state.ruleSet(policy);
  if (rules === undefined) return none;
  let index = indexes.get(rules);
  if (index === undefined) indexes.set(rules, (index = new PolicyIndex(state.policyRules(policy))));
  return index;
}
