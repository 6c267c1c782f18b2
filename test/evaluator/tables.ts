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

export interface Flow {
  readonly table: number;
  readonly priority: number;
  /** Owner key, from the cookie. */
  readonly owner: number;
  readonly conditions: readonly Condition[];
  /** The instructions in hexadecimal: equal for flows that do the same. */
  readonly does: string;
  readonly text: string;
}

/** Two flows of one priority match one packet and do different things. */
export class AmbiguityError extends Error {}

/** Metadata is zero until somebody sets it; a header field is there or not. */
const metadata = /^(?:reg\d+|tun_.*|ct_.*|metadata|pkt_mark|vlan_vid)$/;

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
    'ct-port': ct && [6, 17, 132].includes(exact('ct_nw_proto')),
  };
  return checks[prerequisite];
}

function flowOf(message: Uint8Array): Flow {
  let text: string | undefined;
  return {
    table: flowTable(message),
    priority: flowPriority(message),
    owner: cookieOwner(flowCookie(message)),
    conditions: conditionsOf(flowMatch(message)),
    does: Buffer.from(flowInstructions(message)).toString('hex'),
    // Printed only when somebody looks: most flows are never met.
    get text() {
      return (text ??= formatFlow(message));
    },
  };
}

export class Tables {
  readonly #byTable = new Map<number, Flow[]>();

  constructor(messages: Iterable<Uint8Array>) {
    for (const message of messages) {
      const flow = flowOf(message);
      const list = this.#byTable.get(flow.table);
      if (list) list.push(flow);
      else this.#byTable.set(flow.table, [flow]);
    }
    for (const list of this.#byTable.values()) list.sort((a, b) => b.priority - a.priority);
  }

  get size(): number {
    let size = 0;
    for (const list of this.#byTable.values()) size += list.length;
    return size;
  }

  /** Every flow of the highest priority that matches; they all do the same. */
  lookup(table: number, fields: Fields): readonly Flow[] {
    const found: Flow[] = [];
    for (const flow of this.#byTable.get(table) ?? []) {
      if (found[0] && flow.priority < found[0].priority) break;
      if (matches(flow, fields)) found.push(flow);
    }
    const [first] = found;
    const other = first && found.find((flow) => flow.does !== first.does);
    if (other) throw new AmbiguityError(`both match, and disagree:\n  ${first.text}\n  ${other.text}`);
    return found;
  }
}
