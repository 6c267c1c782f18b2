/**
 * Which rules never decide, and which contradict each other, is said of just those: held against every connection of small worlds.
 * Neighbours: judge.ts judges each connection; src/model/shadow.ts and conflict.ts are what is held to it. SLUICE_REPORT_WORLDS (60) says
 * how many worlds; a core does 30 of them a second.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  conflictsOf,
  emptyState,
  judge as accept,
  parseIpv4,
  parseIpv6,
  shadowsOf,
  type Endpoint,
  type Rule,
  type State,
} from '../../src/model/index.js';
import { matching, type Connection } from './judge.js';

type Json = Record<string, unknown>;

const policies = ['p', 'q', 'r'] as const;
const groups = ['a', 'b'] as const;

const peer = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Json>({}) },
  { weight: 4, arbitrary: fc.record<Json>({ group: fc.constantFrom(...groups) }) },
  { weight: 1, arbitrary: fc.record<Json>({ network: fc.constantFrom('m', 'n') }) },
);
/** Whole in several ways: by halves, by quarters, and at once. */
const cidrs = fc.oneof(
  { weight: 3, arbitrary: fc.constant<string[]>([]) },
  {
    weight: 2,
    arbitrary: fc.subarray(['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/2', '::/1', '8000::/1'], { minLength: 1 }),
  },
  { weight: 1, arbitrary: fc.subarray(['10.0.0.0/31', '10.0.0.2/32', '10.0.0.3/32'], { minLength: 1 }) },
);
const service = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Json>({}) },
  { weight: 2, arbitrary: fc.constant<Json>({ protocol: 'tcp' }) },
  {
    weight: 4,
    arbitrary: fc.record<Json>({
      protocol: fc.constant('tcp'),
      ports: fc.subarray(['1-2', '2-3', '3-4', '4-65535', 1], { minLength: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Json>(
      { protocol: 'icmp' },
      { protocol: 1 },
      { protocol: 58 },
      { protocol: 'icmp', icmpType: 8 },
      { protocol: 58, icmpType: 128, icmpCode: 0 },
    ),
  },
);
type Parts = Readonly<Record<'peer' | 'service', fc.Arbitrary<Json>>> & { readonly cidrs: fc.Arbitrary<string[]> };

const rulesOf = (parts: Parts) =>
  fc.array(
    fc.record({
      policy: fc.constantFrom(...policies),
      direction: fc.constantFrom('in', 'in', 'out'),
      priority: fc.constantFrom(1, 1, 2),
      action: fc.constantFrom('allow', 'deny'),
      ...parts,
    }),
    { minLength: 3, maxLength: 9, size: 'max' },
  );

const anybody: fc.Arbitrary<Json> = fc.constant({});
const web: fc.Arbitrary<Json> = fc.constant({ group: 'a' });
const pieces: fc.Arbitrary<Json> = fc
  .subarray(['1', '2-3', '4-65535'], { minLength: 1, maxLength: 2 })
  .map((ports) => ({ protocol: 'tcp', ports }));
const halves = fc.oneof(
  fc.constant<string[]>([]),
  fc.subarray(['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1'], { minLength: 1, maxLength: 3 }),
);
const nowhere = fc.constant<string[]>([]);
/** All sorts together; and few sorts, so that several rules often make up a whole. */
const rules = fc.oneof(
  rulesOf({ peer, cidrs, service }),
  rulesOf({ peer: anybody, cidrs: nowhere, service: pieces }),
  rulesOf({ peer: anybody, cidrs: halves, service: fc.constant({}) }),
  rulesOf({ peer: fc.oneof(anybody, web), cidrs: halves, service: pieces }),
  rulesOf({ peer: web, cidrs: nowhere, service: pieces }),
);
const attached = fc.subarray([...policies], { minLength: 1 });

interface World {
  readonly rules: readonly {
    readonly peer: Json;
    readonly cidrs: string[];
    readonly service: Json;
    readonly policy: string;
  }[];
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly fixed: boolean;
  readonly policyMode: string;
}

const worlds = fc.record({
  rules,
  a: attached,
  b: attached,
  fixed: fc.boolean(),
  policyMode: fc.constantFrom('joint', 'joint', 'both-sides'),
});

function stateOf(world: World, audited: readonly string[]): State {
  const tenant = 'blue';
  const put = [
    { kind: 'settings', policyMode: world.policyMode },
    { kind: 'tenant', name: tenant },
    ...['m', 'n', 'o'].map((name, i) => ({ kind: 'network', tenant, name, vni: 5000 + i })),
    ...policies.map((name) => ({ kind: 'policy', tenant, name, audit: audited.includes(name) })),
    { kind: 'group', tenant, name: 'a', policies: world.a, ...(world.fixed ? { network: 'm' } : {}) },
    { kind: 'group', tenant, name: 'b', policies: world.b },
    ...world.rules.map(({ peer: who, cidrs: where, service: what, ...rest }, i) => {
      const whole = { ...who, ...(where.length > 0 && who['network'] === undefined ? { cidrs: where } : {}) };
      const its = Object.keys(whole).length > 0 ? { peer: whole } : {};
      return { kind: 'rule', tenant, id: String(i), ...rest, ...what, ...its };
    }),
  ];
  const judged = accept(emptyState(), { put });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  return judged.accepted.state;
}

/** One of each sort that the prefixes tell apart. */
const addresses = [
  ...['9.0.0.1', '130.0.0.1', '200.0.0.1', '10.0.0.0', '10.0.0.2', '10.0.0.3'].map((text) => parseIpv4(text)!),
  ...['2001:db8::1', 'fd00::1'].map((text) => parseIpv6(text)!),
];
const services: readonly Pick<Connection, 'protocol' | 'port' | 'icmpType'>[] = [
  ...[0, 1, 2, 3, 4, 5].map((port) => ({ protocol: 6, port })),
  { protocol: 47 },
  ...[1, 58].flatMap((protocol) => [8, 128, 9].map((icmpType) => ({ protocol, icmpType }))),
];

/** Whoever may be at an end, as far as rules tell them apart; none names the network `o`. */
function ends(world: World): (Endpoint | undefined)[] {
  const theirs = new Set(world.rules.map(({ peer: who }) => who['network']));
  const networks = ['m', 'n', 'o'].filter((name) => name === 'o' || theirs.has(name) || (name === 'm' && world.fixed));
  const each = networks.flatMap((network) =>
    [undefined, 'a', 'b']
      .filter((group) => group !== 'a' || !world.fixed || network === 'm')
      .map((group) => ({ network: `blue/${network}`, ...(group === undefined ? {} : { group: `blue/${group}` }) })),
  );
  return [undefined, ...(each as unknown as Endpoint[])];
}

const inOrder = (a: Rule, b: Rule): number =>
  b.priority - a.priority || (a.action === b.action ? (a.key < b.key ? -1 : 1) : a.action === 'deny' ? -1 : 1);

interface Said {
  /** Rules that decide a connection. */
  readonly deciding: Set<string>;
  /** Pairs that contradict each other about one. */
  readonly pairs: Set<string>;
}

function speakOfEachOther(state: State, a: Rule, b: Rule): boolean {
  const names = (one: Rule, other: Rule) =>
    [...state.policyGroups(other.policy)].some(({ key }) => key === one.peer.group);
  return a.direction === b.direction || names(a, b) || names(b, a);
}

function look(state: State, world: World): Said {
  const said: Said = { deciding: new Set(), pairs: new Set() };
  const lists = world.policyMode === 'joint' ? [['in', 'out'] as const] : [['in'] as const, ['out'] as const];
  const people = ends(world);
  const hear = (c: Connection) => {
    for (const directions of lists) {
      const [first, ...rest] = [...new Set(matching(state, c, directions))].toSorted(inOrder);
      if (first === undefined) continue;
      said.deciding.add(first.key);
      if (c.protocol === 1 && typeof c.source.address !== 'number') continue;
      if (c.protocol === 58 && typeof c.source.address === 'number') continue;
      const top = [first, ...rest].filter(({ priority }) => priority === first.priority);
      for (const a of top)
        for (const b of top)
          if (a.action !== b.action && speakOfEachOther(state, a, b)) said.pairs.add(`${a.key} ${b.key}`);
    }
  };
  for (const from of people) {
    for (const to of people) {
      if (to?.group === undefined && from?.group === undefined) continue;
      for (const source of addresses) {
        for (const destination of addresses) {
          if (typeof source !== typeof destination) continue;
          for (const each of services) {
            hear({
              source: { endpoint: from, address: source },
              destination: { endpoint: to, address: destination },
              ...each,
            });
          }
        }
      }
    }
  }
  return said;
}

test('of every rule of a small world, it is said whether it ever decides, and whom it contradicts', () => {
  const tally = { rules: 0, shadowed: 0, together: 0, conflicts: 0, across: 0 };
  fc.assert(
    fc.property(worlds, (world) => {
      const state = stateOf(world, []);
      const { deciding, pairs } = look(state, world);
      for (const rule of state.rules.values()) {
        if ([...state.policyGroups(rule.policy)].length === 0) continue;
        tally.rules++;
        const by = shadowsOf(state, rule);
        expect(by, rule.key).not.toBe('unknown');
        expect(by.length > 0, `${rule.key} is shadowed by ${JSON.stringify(by)}`).toBe(!deciding.has(rule.key));
        tally.shadowed += Number(by.length > 0);
        tally.together += Number(by.length > 1);
        const { found, more } = conflictsOf(state, rule, 100);
        expect(more).toBe(false);
        const wanted = [...pairs].flatMap((pair) => (pair.startsWith(`${rule.key} `) ? pair.split(' ').slice(1) : []));
        expect(found.map((each) => each.rule.key).toSorted(), rule.key).toEqual(wanted.toSorted());
        tally.conflicts += found.length;
        tally.across += found.filter((each) => each.rule.direction !== rule.direction).length;
      }
    }),
    { numRuns: Number(process.env['SLUICE_REPORT_WORLDS'] ?? 60) },
  );
  // Nothing is shown where nothing is found.
  for (const [what, count] of Object.entries(tally)) expect(count, what).toBeGreaterThan(0);
}, 900_000);
