/**
 * A host under comparison: its state, its tables, and what both say about a scene.
 * Neighbours: policy.test.ts and trace.test.ts.
 */
import { ownerKey, type State } from '../../src/model/index.js';
import { Batch } from '../../src/openflow/index.js';
import { compileObject, compileSystem, everyObject } from '../../src/pipeline/compile.js';
import { contractOf, routerMac, t } from '../../src/pipeline/layout.js';
import { flowMessages } from '../pipeline/support.js';
import { Conntrack } from './conntrack.js';
import { copies, copyOf } from './forwarding.js';
import { run, type Journey } from './machine.js';
import { big, frameText } from './packet.js';
import { outsideMac, ports, underlay, uplinkPort } from './ports.js';
import { isBlind, verdictOf, type Scene } from './scene.js';
import { Tables } from './tables.js';

/** Everything a state compiles to, as a batch. */
export function batchOf(state: State): Uint8Array {
  const world = { state, ports, underlay };
  const batch = new Batch();
  compileSystem(batch, world);
  for (const object of everyObject(world)) compileObject(batch, world, object);
  return batch.bytes();
}

/** The tables of a state; `keep` leaves out flows, to see whether anybody notices. */
export function tablesOf(state: State, keep: (message: Uint8Array) => boolean = () => true): Tables {
  return new Tables([...flowMessages(batchOf(state))].filter(keep));
}

/** Send the frame of a scene through the tables. */
export function journeyOf(
  state: State,
  tables: Tables,
  scene: Pick<Scene, 'frame' | 'network' | 'remembered'>,
): Journey {
  const conntrack = new Conntrack();
  const zone = state.tenants.get(scene.network.tenant)?.zone ?? 0;
  if (scene.remembered) conntrack.remember(zone, scene.remembered);
  return run(tables, scene.frame, conntrack);
}

/** One line that says all: verdict, what decided, where it goes. */
export interface Outcome {
  readonly verdict: 'allow' | 'deny' | 'refused' | 'unjudged';
  /** Keys of the rules that decide alike; `default`, or nothing. */
  readonly by: readonly string[];
  readonly copies: readonly string[];
}

/** Back to where the question came from. */
function answerCopy({ frame: { inPort, vlan } }: Scene): string {
  return copyOf({ port: inPort, ...(vlan === undefined ? {} : { vlan }), fields: new Map() });
}

/** What the state demands. */
export function demanded(state: State, scene: Scene): Outcome {
  if (scene.kind === 'refused') return { verdict: 'refused', by: [], copies: [] };
  if (scene.kind === 'nowhere') return { verdict: 'unjudged', by: [], copies: [] };
  if (scene.kind === 'handed over') return { verdict: 'unjudged', by: [], copies: ['daemon'] };
  if (scene.kind === 'answered') return { verdict: 'unjudged', by: [], copies: [answerCopy(scene)] };
  if (scene.kind === 'exempt' || isBlind(scene)) return { verdict: 'unjudged', by: [], copies: copies(state, scene) };
  const verdict = verdictOf(state, scene);
  const by = verdict.by === 'rule' ? verdict.alike : verdict.by === 'default' ? ['default'] : [];
  return {
    verdict: verdict.action,
    by,
    copies: verdict.action === 'allow' ? copies(state, scene) : [],
  };
}

const guards = new Set([t.classify, t.uplink, t.tunnelNetwork, t.tunnelPeer, t.spoofGuard].map((ref) => ref.id));

/** What the tables do. */
export function done(state: State, journey: Journey): Outcome {
  const sent = [...new Set(journey.sent.map(copyOf))].toSorted();
  if (sent.length !== journey.sent.length)
    throw new Error(`a copy leaves twice: ${journey.sent.map(copyOf).join(', ')}`);
  const judged = journey.path.filter((step) => step.table === t.policyOut.id || step.table === t.policy.id);
  const last = journey.path.at(-1);
  if (judged.length === 0) {
    const refused = last !== undefined && guards.has(last.table) && sent.length === 0;
    return { verdict: refused ? 'refused' : 'unjudged', by: [], copies: sent };
  }
  const by = new Set<string>();
  // Who denies did it alone; of separate sides, two may have allowed.
  const denied = judged.at(-1) === last;
  for (const { owner } of denied ? (last?.flows ?? []) : judged.flatMap((step) => step.flows)) {
    const ref = state.byOwner(owner);
    if (ref) by.add(ref.kind === 'rule' ? ref.key : 'default');
    else if (owner !== ownerKey('system', 0)) by.add(`owner ${owner}`);
  }
  return { verdict: denied ? 'deny' : 'allow', by: [...by].toSorted(), copies: sent };
}

/** What the headers of a routed packet's copies must be, and are not. */
export function wrongHeaders({ routed, frame }: Scene, journey: Journey): readonly string[] {
  if (!routed || frame.body.kind !== 'ip') return [];
  const wanted: Record<string, bigint> = {
    eth_dst: big(routed.mac),
    nw_ttl: BigInt(frame.body.ttl ?? 64) - 1n,
  };
  return journey.sent.flatMap(({ port, fields }) =>
    Object.entries({ ...wanted, eth_src: big(port === uplinkPort ? outsideMac : routerMac) })
      .filter(([name, value]) => fields.get(name) !== value)
      .map(([name, value]) => `${name} is ${fields.get(name)}, not ${value}`),
  );
}

/** For messages: the frame and the way it took. */
export function storyOf(scene: Scene, journey: Journey): string {
  const steps = journey.path.map(({ table, flows }) => {
    const lines = flows.map((flow) => flow.text).join('\n      ');
    return `  ${contractOf(table)?.ref.name ?? table}: ${lines || 'no match'}`;
  });
  return [`${scene.phase} ${frameText(scene.frame)} ct_state ${journey.tracked?.state}`, ...steps].join('\n');
}

/** Whether a rule may be compiled to a conjunction. */
export function isConjoined(state: State, key: string): boolean {
  return (state.rules.get(key)?.conjunction ?? 0) !== 0;
}

/**
 * Of rules that decide alike the switch names one: a conjunction has a priority apart from plain flows, so the tables show
 * those of one sort. Where one is among them, any of those named is right.
 */
export function namedAlike(state: State, outcome: Outcome, wanted: Outcome): Outcome {
  const some = outcome.by.length > 0 && outcome.by.every((key) => wanted.by.includes(key));
  return some && wanted.by.some((key) => isConjoined(state, key)) ? { ...outcome, by: wanted.by } : outcome;
}
