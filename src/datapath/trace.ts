/**
 * A packet in the caller's words → ofproto/trace → the path with its owners and one verdict.
 * Neighbours: packets.ts words the packet, layout.ts explains tables, flow-lines.ts resolves cookies.
 */
import { dropReason, dropReasons } from '../pipeline/drops.js';
import { contractOf, t } from '../pipeline/layout.js';
import type { OwnerRef, TraceResult, TraceStep } from './face.js';

/** One flow that a traced packet met, as ofproto/trace prints it. */
export interface Hit {
  readonly table: number;
  readonly match: string;
  readonly cookie: bigint | undefined;
  /** The actions printed below it. */
  readonly actions: readonly string[];
}

export interface Parsed {
  readonly hits: readonly Hit[];
  /** The datapath actions of every pass. */
  readonly datapath: readonly string[];
}

/** Indented below a flow that looks something up by resubmit. */
const hitLine = /^ *(\d+)\. (.*)$/;

/**
 * The switch goes both ways from a comparison of lengths, first as if the packet were too long, indented below it. A traced packet is not: it is
 * made of its fields alone.
 */
function withoutTooBig(lines: readonly string[]): string[] {
  let within = false;
  return lines.filter((line) => {
    const indented = /^ {4} *(?:\d+\. | {4})/.test(line);
    if (/^ *check_pkt_larger\(/.test(line)) within = true;
    else if (hitLine.test(line) && !indented) within = false;
    return !within || !indented;
  });
}

/** Read what ofproto/trace printed for one bridge. */
export function parseTrace(text: string, bridge: string): Parsed {
  const hits: (Hit & { actions: string[] })[] = [];
  const datapath: string[] = [];
  let current: (Hit & { actions: string[] }) | undefined;
  let inBridge = true;
  for (const line of withoutTooBig(text.split('\n'))) {
    const header = /^bridge\("(.*)"\)$/.exec(line);
    if (header) inBridge = header[1] === bridge;
    if (line.startsWith('Datapath actions: ')) {
      datapath.push(line.slice('Datapath actions: '.length));
      current = undefined;
    }
    const hit = inBridge ? hitLine.exec(line) : null;
    if (hit) {
      const rest = hit[2] ?? '';
      const cookie = /, cookie (0x[0-9a-f]+)/.exec(rest)?.[1];
      const match = rest.replace(/, cookie 0x[0-9a-f]+/, '');
      current = {
        table: Number(hit[1]),
        match,
        cookie: cookie === undefined ? undefined : BigInt(cookie),
        actions: [],
      };
      hits.push(current);
    } else if (current && line.startsWith('    ') && line.trim() !== '') {
      current.actions.push(line.trim());
    }
  }
  return { hits, datapath };
}

/** What a traced packet came to. */
export interface Outcome {
  readonly verdict: TraceResult['verdict'];
  readonly reason: string;
  readonly decidedBy: readonly OwnerRef[];
  readonly output: readonly string[];
}

function nameOwners(owners: readonly OwnerRef[]): string {
  return owners.map((owner) => (owner.key === '' ? owner.kind : `${owner.kind} ${owner.key}`)).join(', ');
}

/** Ports that a trace's actions name; `output:reg6[]` is followed by the port it means. */
function outputs(hits: readonly Hit[], portName: (ofport: number) => string | undefined): string[] {
  const found: string[] = [];
  for (const hit of hits) {
    for (const action of hit.actions) {
      const number = /^(?:output:|-> output port is )(\d+)$/.exec(action)?.[1];
      if (number !== undefined) found.push(portName(Number(number)) ?? number);
      else if (/^(?:IN_PORT|in_port)$/.test(action)) found.push('in_port');
    }
  }
  return found;
}

/** Tables whose flows decide. */
const judging: ReadonlySet<number> = new Set([t.policyOut.id, t.policy.id]);

/** The verdict: a rule that denied, a guard that dropped, or the way out. `named` answers whom of the owners of a flow to name. */
export function judgeTrace(
  hits: readonly Hit[],
  steps: readonly TraceStep[],
  datapath: readonly string[],
  portName: (ofport: number) => string | undefined,
  named: (owners: readonly OwnerRef[]) => readonly OwnerRef[],
): Outcome {
  const output = outputs(hits, portName);
  const judged = steps.filter((_, i) => judging.has(hits[i]?.table ?? -1));
  // Of separate sides two rules may have allowed; the owner of a miss is nobody's rule.
  const rulers = judged.flatMap((step) => named(step.owners.filter((owner) => owner.kind === 'rule')));
  const last = hits.at(-1);
  const lastStep = steps.at(-1);
  // A packet that goes on from the tables that judge meets others; one that ends there is denied, logged or not.
  const denied = last !== undefined && judging.has(last.table);
  const dropped = denied || datapath.at(-1) === 'drop' || last?.match.startsWith('No match') === true;
  if (!dropped) {
    const ruled = rulers.length > 0;
    const reason = ruled ? `allowed by ${nameOwners(rulers)}` : 'no rule matches, and the default is allow';
    if (judged.length === 0) return { verdict: 'allow', reason: 'never judged by policy', decidedBy: [], output };
    return { verdict: 'allow', reason, decidedBy: rulers, output };
  }
  if (denied) {
    const deniers = named(lastStep?.owners ?? []);
    const byRule = deniers.some((owner) => owner.kind === 'rule');
    const reason = `denied by ${byRule ? '' : 'default of '}${nameOwners(deniers)}`;
    return { verdict: 'deny', reason, decidedBy: deniers, output: [] };
  }
  const contract = last && contractOf(last.table);
  const drop = last && dropReason(last.table, Number(/\bpriority (\d+)$/.exec(last.match)?.[1]));
  const why = drop === undefined ? 'no table forwards it' : dropReasons[drop];
  return {
    verdict: 'drop',
    reason: `dropped in ${contract?.ref.name ?? 'the switch'}: ${why}`,
    decidedBy: [],
    output: [],
  };
}
