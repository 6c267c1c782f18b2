/**
 * The policy in its own words: a connection and a state → the verdict and the rule that decided. Knows nothing of tables.
 * Neighbours: policy.test.ts holds the compiled tables to it; connections.ts finds out whose connection a packet is.
 * Invariant: of the rules that match, the highest priority decides, and deny among equals; nothing matching, the groups' defaults.
 */
import { cidrContains, type Address, type Endpoint, type Rule, type State } from '../../src/model/index.js';

/** One end of a connection; without an endpoint it is nobody we know, and has no group. */
export interface End {
  readonly endpoint?: Endpoint | undefined;
  readonly address: Address;
}

/** A connection in the direction of its first packet. */
export interface Connection {
  readonly source: End;
  readonly destination: End;
  readonly protocol: number;
  /** Destination port of tcp and udp. */
  readonly port?: number | undefined;
  /** Type of the ICMP message that opened it; the code is 0. */
  readonly icmpType?: number | undefined;
}

export interface Verdict {
  readonly action: 'allow' | 'deny';
  readonly by: 'rule' | 'default' | 'nothing';
  /** The rule that is named: of those that decide alike, the lowest tenant/policy/id. */
  readonly rule?: string;
  /** Every rule that decides alike, sorted. */
  readonly alike: readonly string[];
}

const protocolNumbers: Readonly<Record<string, readonly number[]>> = {
  tcp: [6],
  udp: [17],
  sctp: [132],
  icmp: [1, 58],
};

function protocolFits(rule: Rule, c: Connection): boolean {
  if (rule.protocol === undefined) return true;
  const numbers = typeof rule.protocol === 'number' ? [rule.protocol] : (protocolNumbers[rule.protocol] ?? []);
  if (!numbers.includes(c.protocol)) return false;
  if (rule.icmp) return rule.icmp.type === c.icmpType && (rule.icmp.code ?? 0) === 0;
  if (rule.ports.length === 0) return true;
  const { port } = c;
  return port !== undefined && rule.ports.some(({ from, to }) => from <= port && port <= to);
}

function peerFits(rule: Rule, c: Connection): boolean {
  const peer = rule.direction === 'in' ? c.source : c.destination;
  const { group, network, cidrs } = rule.peer;
  if (network !== undefined) return peer.endpoint?.network === network;
  if (group !== undefined && peer.endpoint?.group !== group) return false;
  return cidrs.length === 0 || cidrs.some((cidr) => cidrContains(cidr, peer.address));
}

type Direction = Rule['direction'];

/** The in-rules of the destination's group, or the out-rules of the source's; those of audited policies only count. */
function* candidates(state: State, c: Connection, direction: Direction): Iterable<Rule> {
  const { endpoint } = direction === 'in' ? c.destination : c.source;
  const group = endpoint?.group === undefined ? undefined : state.groups.get(endpoint.group);
  for (const policy of group?.policies ?? []) {
    if (state.policies.get(policy)?.audit) continue;
    for (const rule of state.policyRules(policy)) if (rule.direction === direction) yield rule;
  }
}

function deniesByDefault(state: State, c: Connection, direction: Direction): boolean {
  const { endpoint } = direction === 'in' ? c.destination : c.source;
  return endpoint?.group !== undefined && state.groups.get(endpoint.group)?.defaultAction === 'deny';
}

/** Joint: one list of both directions. Both sides: each judged by itself, and both must allow. */
export function judge(state: State, c: Connection): Verdict {
  if (state.settings.policyMode === 'joint') return judgeList(state, c, ['out', 'in']);
  const out = judgeList(state, c, ['out']);
  if (out.action === 'deny') return out;
  const into = judgeList(state, c, ['in']);
  if (into.action === 'deny') return into;
  const alike = [...new Set([...out.alike, ...into.alike])].toSorted();
  return alike[0] === undefined
    ? { action: 'allow', by: 'nothing', alike }
    : { action: 'allow', by: 'rule', rule: alike[0], alike };
}

/** The rules of some directions that match. */
export function matching(state: State, c: Connection, directions: readonly Direction[]): Rule[] {
  return directions
    .flatMap((direction) => [...candidates(state, c, direction)])
    .filter((rule) => protocolFits(rule, c) && peerFits(rule, c));
}

function judgeList(state: State, c: Connection, directions: readonly Direction[]): Verdict {
  const rules = matching(state, c, directions);
  const highest = Math.max(...rules.map((rule) => rule.priority));
  const top = rules.filter((rule) => rule.priority === highest);
  if (top.length > 0) {
    const action = top.some((rule) => rule.action === 'deny') ? 'deny' : 'allow';
    const keys = new Set(top.filter((rule) => rule.action === action).map((rule) => rule.key));
    const alike = [...keys].toSorted();
    return { action, by: 'rule', rule: alike[0]!, alike };
  }
  const denied = directions.some((direction) => deniesByDefault(state, c, direction));
  return { action: denied ? 'deny' : 'allow', by: denied ? 'default' : 'nothing', alike: [] };
}
