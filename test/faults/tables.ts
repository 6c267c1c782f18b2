/**
 * The flow and group tables of the fake switch. Messages are judged as ovs-vswitchd judges them: some when they are
 * decoded (at BUNDLE_ADD), the rest when they take effect (at COMMIT).
 * Neighbours: fake-switch.ts owns one; desired.ts makes one of a batch, to compare.
 */
import { refusal, type, type Message, type Refusal } from './wire.js';

export interface Flow {
  readonly table: number;
  readonly priority: number;
  readonly cookie: bigint;
  readonly timeouts: Buffer;
  /** ofp_match with its padding. */
  readonly match: Buffer;
  readonly instructions: Buffer;
}

export interface Group {
  readonly id: number;
  readonly kind: number;
  /** Buckets and properties, with the length of the former. */
  readonly bucketBytes: number;
  readonly content: Buffer;
}

/** What a monitor of the tables would tell. */
export interface Change {
  readonly event: 'added' | 'removed';
  /** Of a removal: 2 deleted, 3 went with its group. */
  readonly reason: number;
  readonly flow: Flow;
}

const flowCommand = { add: 0, removeStrict: 4 } as const;
const groupCommand = { remove: 2 } as const;

export function readFlow({ bytes }: Message): Flow {
  const match = (bytes.readUInt16BE(50) + 7) & ~7;
  return {
    table: bytes.readUInt8(24),
    priority: bytes.readUInt16BE(30),
    cookie: bytes.readBigUInt64BE(8),
    timeouts: bytes.subarray(26, 30),
    match: bytes.subarray(48, 48 + match),
    instructions: bytes.subarray(48 + match),
  };
}

const keyOf = (flow: Flow): string => `${flow.table}/${flow.priority}/${flow.match.toString('hex')}`;

export class Tables {
  flows = new Map<string, Flow>();
  groups = new Map<number, Group>();
  /** Since somebody last took them. */
  changes: Change[] = [];
  forwards: Message[] = [];

  /** What ovs-vswitchd finds wrong with a message before it looks at any table. */
  static judge(message: Message): Refusal | undefined {
    if (message.type !== type.flowMod) return undefined;
    const flow = readFlow(message);
    const back = instructions(flow).some(([kind, body]) => kind === 1 && body.readUInt8(0) <= flow.table);
    return back ? refusal.badTable : undefined;
  }

  apply(message: Message): Refusal | undefined {
    if (message.type === type.groupMod) return this.#applyGroup(message);
    const flow = readFlow(message);
    if (message.bytes.readUInt8(25) === flowCommand.removeStrict) {
      const there = this.flows.get(keyOf(flow));
      if (there) this.remove(there);
      return undefined;
    }
    if (message.bytes.readUInt8(25) !== flowCommand.add) throw new Error('the engine has no use for this command');
    if (groupsOf(flow).some((id) => !this.groups.has(id))) return refusal.badGroup;
    this.flows.set(keyOf(flow), flow);
    this.changes.push({ event: 'added', reason: 0, flow });
    return undefined;
  }

  remove(flow: Flow, reason = 2): void {
    this.flows.delete(keyOf(flow));
    this.changes.push({ event: 'removed', reason, flow });
  }

  #applyGroup(message: Message): undefined {
    const { bytes } = message;
    this.forwards.push(message);
    const id = bytes.readUInt32BE(12);
    if (bytes.readUInt16BE(8) !== groupCommand.remove) {
      const bucketBytes = bytes.readUInt16BE(16);
      this.groups.set(id, { id, kind: bytes.readUInt8(10), bucketBytes, content: bytes.subarray(24) });
      return;
    }
    this.groups.delete(id);
    // Open vSwitch deletes the flows that point to a group along with it, and tells monitors only.
    for (const flow of this.flows.values()) if (groupsOf(flow).includes(id)) this.remove(flow, 3);
  }

  /** Puts a stranger's flow in: `metadata` is what it matches. */
  plant(metadata: number, options: { readonly idleTimeoutSec?: number } = {}): void {
    const match = Buffer.from('0001001080000408000000000000000000000000000000000000', 'hex').subarray(0, 16);
    match.writeUInt32BE(metadata, 12);
    const timeouts = Buffer.alloc(4);
    timeouts.writeUInt16BE(options.idleTimeoutSec ?? 0, 0);
    const flow = { table: 0, priority: 7, cookie: 0n, timeouts, match, instructions: Buffer.alloc(0) };
    this.flows.set(keyOf(flow), flow);
  }

  copy(): Tables {
    const other = new Tables();
    other.flows = new Map(this.flows);
    other.groups = new Map(this.groups);
    return other;
  }

  /** One line a flow and a group, sorted: equal tables have equal text. */
  text(): string[] {
    const flows = [...this.flows].map(
      ([key, flow]) => `flow ${key} cookie=${flow.cookie.toString(16)} ${flow.instructions.toString('hex')}`,
    );
    const groups = [...this.groups.values()].map(
      ({ id, kind, content }) => `group ${id} type=${kind} ${content.toString('hex')}`,
    );
    return [...flows, ...groups].toSorted();
  }
}

/** ofp_flow_desc: with statistics as Open vSwitch sends them (OXS packet and byte count). */
export function describeFlow(flow: Flow): Buffer {
  const head = Buffer.alloc(24);
  const stats = Buffer.from('0000001c80020808000000000000000580020a0800000000000001f400000000', 'hex');
  const entry = Buffer.concat([head, flow.match, stats, flow.instructions]);
  entry.writeUInt16BE(entry.length, 0);
  entry.writeUInt8(flow.table, 4);
  entry.writeUInt16BE(flow.priority, 6);
  entry.set(flow.timeouts, 8);
  entry.writeBigUInt64BE(flow.cookie, 16);
  return entry;
}

/** An update of a flow monitor: without flags, statistics and importance. */
export function describeChange({ event, reason, flow }: Change): Buffer {
  const entry = Buffer.concat([Buffer.alloc(24), flow.match, flow.instructions]);
  entry.writeUInt16BE(entry.length, 0);
  entry.writeUInt16BE(event === 'added' ? 1 : 2, 2);
  entry.writeUInt8(flow.table, 4);
  entry.writeUInt8(reason, 5);
  entry.set(flow.timeouts, 6);
  entry.writeUInt16BE(flow.priority, 10);
  entry.writeBigUInt64BE(flow.cookie, 16);
  return entry;
}

/** Bodies of OFPMP_TABLE: how many flows each table has. */
export function countTables(flows: Iterable<Flow>): Buffer[] {
  const counts = new Uint32Array(254);
  for (const { table } of flows) counts[table] = (counts[table] ?? 0) + 1;
  return [...counts].map((count, table) => {
    const entry = Buffer.alloc(24);
    entry.writeUInt8(table, 0);
    entry.writeUInt32BE(count, 4);
    return entry;
  });
}

/** ofp_group_desc. */
export function describeGroup(group: Group): Buffer {
  const entry = Buffer.concat([Buffer.alloc(16), group.content]);
  entry.writeUInt16BE(entry.length, 0);
  entry.writeUInt8(group.kind, 2);
  entry.writeUInt32BE(group.id, 4);
  entry.writeUInt16BE(group.bucketBytes, 8);
  return entry;
}

/** ofp_port without properties; ports are numbered from 1. */
export function describePort(_: unknown, index: number): Buffer {
  const entry = Buffer.alloc(40);
  entry.writeUInt32BE(index + 1, 0);
  entry.writeUInt16BE(entry.length, 4);
  return entry;
}

/** Type and body of each instruction or action. */
function* tlvs(bytes: Buffer): Generator<[number, Buffer]> {
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 2);
    yield [bytes.readUInt16BE(at), bytes.subarray(at + 4, at + length)];
    at += length;
  }
}

const instructions = (flow: Flow): [number, Buffer][] => [...tlvs(flow.instructions)];

function groupsOf(flow: Flow): number[] {
  const actions = instructions(flow).flatMap(([kind, body]) => (kind === 4 ? [...tlvs(body.subarray(4))] : []));
  return actions.filter(([kind]) => kind === 22).map(([, body]) => body.readUInt32BE(0));
}
