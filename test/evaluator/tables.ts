/**
 * Flow tables read back from the messages the pipeline compiles, and the lookup of OpenFlow 1.5 §5.2.
 * Neighbours: packet.ts is what is looked up, actions.ts what a found flow does.
 * Invariant: of the flows that match, those of the highest priority win; should they disagree, nobody can say what the switch does.
 */
import {
  cookieOwner,
  fieldByHeader,
  flowCookie,
  flowInstructions,
  flowMatch,
  flowPriority,
  flowTable,
  formatFlow,
  type Prerequisite,
} from '../../src/openflow/index.js';
import { ethertype, type Fields } from './packet.js';

interface Condition {
  readonly name: string;
  readonly value: bigint;
  readonly mask: bigint;
}

/** `conjunction(id,clause/of)`. */
interface Clause {
  readonly id: bigint;
  readonly clause: number;
  readonly of: number;
}

export interface Flow {
  readonly table: number;
  readonly priority: number;
  /** Owner key, from the cookie. */
  readonly owner: number;
  readonly conditions: readonly Condition[];
  /** The instructions in hexadecimal: equal for flows that do the same. */
  readonly does: string;
  /** Clauses of conjunctions that it fulfils; then it does nothing else. */
  readonly clauses: readonly Clause[];
  readonly text: string;
}

/** Two flows of one priority match one packet and do different things. */
export class AmbiguityError extends Error {}

/** Metadata is zero until somebody sets it; a header field is there or not. */
const metadata = /^(?:reg\d+|tun_.*|ct_.*|metadata|pkt_mark|vlan_vid|conj_id)$/;

function matches(flow: Flow, fields: Fields): boolean {
  for (const { name, value, mask } of flow.conditions) {
    const has = fields.get(name) ?? (metadata.test(name) ? 0n : undefined);
    if (has === undefined || (has & mask) !== value) return false;
  }
  return true;
}

function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`);
}

/** Registers travel in pairs; here each stands for itself. */
function addCondition(into: Condition[], name: string, value: bigint, mask: bigint): void {
  const pair = /^xreg(\d+)$/.exec(name)?.[1];
  if (pair === undefined) {
    into.push({ name, value: value & mask, mask });
    return;
  }
  for (const [half, shift] of [32n, 0n].entries()) {
    const part = (mask >> shift) & 0xffffffffn;
    if (part !== 0n) into.push({ name: `reg${2 * Number(pair) + half}`, value: (value >> shift) & part, mask: part });
  }
}

function conditionsOf(oxms: Uint8Array): Condition[] {
  const conditions: Condition[] = [];
  const needs: [string, Prerequisite][] = [];
  const view = new DataView(oxms.buffer, oxms.byteOffset, oxms.byteLength);
  for (let at = 0; at < oxms.length;) {
    const header = view.getUint32(at);
    const field = fieldByHeader(header);
    if (!field) throw new Error(`the match has a field 0x${header.toString(16)} that nobody knows`);
    const value = integer(oxms.subarray(at + 4, at + 4 + field.bytes));
    const masked = (header & 0x100) !== 0;
    const mask = masked ? integer(oxms.subarray(at + 4 + field.bytes, at + 4 + 2 * field.bytes)) : -1n;
    addCondition(conditions, field.name, value, masked ? mask : (1n << BigInt(8 * field.bytes)) - 1n);
    needs.push([field.name, field.prerequisite]);
    at += 4 + (header & 0xff);
  }
  const exact = (name: string): number => Number(conditions.find((c) => c.name === name)?.value ?? -1n);
  for (const [name, prerequisite] of needs) {
    if (!fulfilled(prerequisite, exact))
      throw new Error(`the match has ${name} without its prerequisite ${prerequisite}`);
  }
  return conditions;
}

const tracked = 0x20;

/** Prerequisites of ovs-fields(7), checked on the match itself. */
function fulfilled(prerequisite: Prerequisite, exact: (name: string) => number): boolean {
  const type = exact('eth_type');
  const protocol = exact('nw_proto');
  const v4 = type === ethertype.ipv4;
  const v6 = type === ethertype.ipv6;
  const icmp6 = v6 && protocol === 58;
  const ct = exact('ct_state') > 0 && (exact('ct_state') & tracked) !== 0;
  const checks: Record<Prerequisite, boolean> = {
    none: true,
    vlan: true,
    mpls: type === 0x8847 || type === 0x8848,
    ipv4: v4,
    ipv6: v6,
    ip: v4 || v6,
    arp: type === ethertype.arp,
    tcp: (v4 || v6) && protocol === 6,
    udp: (v4 || v6) && protocol === 17,
    sctp: (v4 || v6) && protocol === 132,
    icmp4: v4 && protocol === 1,
    icmp6,
    nd: icmp6 && [135, 136].includes(exact('icmpv6_type')),
    'nd-solicit': icmp6 && exact('icmpv6_type') === 135,
    'nd-advert': icmp6 && exact('icmpv6_type') === 136,
    ct,
    'ct-ipv4': ct && v4,
    'ct-ipv6': ct && v6,
    'ct-port': ct && [1, 6, 17, 58, 132].includes(exact('ct_nw_proto')),
  };
  return checks[prerequisite];
}

/** Apply-actions, then Nicira's action 34 (ovs: ofp-actions.c): clause from 0, of, id. */
function clausesOf(instructions: Uint8Array): Clause[] {
  const clauses: Clause[] = [];
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.byteLength);
  for (let at = 8; at + 16 <= view.byteLength; at += view.getUint16(at + 2) || 16) {
    if (view.getUint16(at) !== 0xffff || view.getUint32(at + 4) !== 0x2320 || view.getUint16(at + 8) !== 34) return [];
    clauses.push({
      id: BigInt(view.getUint32(at + 12)),
      clause: view.getUint8(at + 10),
      of: view.getUint8(at + 11),
    });
  }
  return clauses;
}

function flowOf(message: Uint8Array): Flow {
  let text: string | undefined;
  return {
    table: flowTable(message),
    priority: flowPriority(message),
    owner: cookieOwner(flowCookie(message)),
    conditions: conditionsOf(flowMatch(message)),
    does: Buffer.from(flowInstructions(message)).toString('hex'),
    clauses: clausesOf(flowInstructions(message)),
    // Printed only when somebody looks: most flows are never met.
    get text() {
      return (text ??= formatFlow(message));
    },
  };
}

interface Table {
  /** By descending priority, as are the clauses. */
  readonly plain: Flow[];
  readonly clauses: Flow[];
}

export class Tables {
  readonly #byTable = new Map<number, Table>();

  constructor(messages: Iterable<Uint8Array>) {
    for (const message of messages) {
      const flow = flowOf(message);
      let table = this.#byTable.get(flow.table);
      if (!table) this.#byTable.set(flow.table, (table = { plain: [], clauses: [] }));
      (flow.clauses.length > 0 ? table.clauses : table.plain).push(flow);
    }
    for (const { plain, clauses } of this.#byTable.values()) {
      for (const list of [plain, clauses]) list.sort((a, b) => b.priority - a.priority);
    }
  }

  get size(): number {
    let size = 0;
    for (const { plain, clauses } of this.#byTable.values()) size += plain.length + clauses.length;
    return size;
  }

  /**
   * Every flow of the highest priority that matches; they all do the same. A conjunction whose clauses are all fulfilled at one
   * priority, above that of every plain match, is matched by its number (ovs-actions(7), conjunction).
   */
  lookup(table: number, fields: Fields): readonly Flow[] {
    const flows = this.#byTable.get(table);
    if (!flows) return [];
    let found: readonly Flow[] = best(flows.plain, fields);
    if (flows.clauses.length > 0 && !fields.has('conj_id')) {
      found = this.#conjoined(table, flows.clauses, fields, found[0]?.priority ?? -1) ?? found;
    }
    const [first] = found;
    const other = first && found.find((flow) => flow.does !== first.does);
    if (other) throw new AmbiguityError(`both match, and disagree:\n  ${first.text}\n  ${other.text}`);
    return found;
  }

  /** Flows of the conjunctions that hold at the highest priority above `over`. */
  #conjoined(table: number, all: readonly Flow[], fields: Fields, over: number): readonly Flow[] | undefined {
    const clauses = all.filter((flow) => flow.priority > over && matches(flow, fields));
    for (const priority of new Set(clauses.map((flow) => flow.priority))) {
      const met = new Map<bigint, Set<number>>();
      const needed = new Map<bigint, number>();
      for (const { id, clause, of } of clauses.filter((c) => c.priority === priority).flatMap((c) => c.clauses)) {
        needed.set(id, of);
        met.set(id, (met.get(id) ?? new Set()).add(clause));
      }
      const whole = [...met].filter(([id, each]) => each.size === needed.get(id));
      const flows = whole.flatMap(([id]) => this.lookup(table, new Map(fields).set('conj_id', id)));
      if (flows.length > 0) return flows;
    }
    return undefined;
  }
}

/** Those that match, of the highest priority at which one does. */
function best(flows: readonly Flow[], fields: Fields): Flow[] {
  const found: Flow[] = [];
  for (const flow of flows) {
    if (found[0] && flow.priority < found[0].priority) break;
    if (matches(flow, fields)) found.push(flow);
  }
  return found;
}
