/**
 * Flows as callers read them: the switch's own notation, and the objects that own each.
 * Neighbours: src/native has the bytes, src/openflow the notation, the state the names.
 */
import { SluiceError } from '../model/errors.js';
import { ownerId, ownerKind, type State } from '../model/index.js';
import type { Engine } from '../native/index.js';
import { cookieOwner, flowCookie, flowPriority, flowTable, formatFlow, type Names } from '../openflow/index.js';
import { systemOwner } from '../pipeline/compile.js';
import { cutOwner } from '../pipeline/cut.js';
import { contractOf, t } from '../pipeline/layout.js';
import type { FlowLine, FlowQuery, OwnerRef } from './face.js';
import type { PortMap } from './ports.js';

/** A line takes about 10 µs; a slice of them keeps the event loop free for others. */
const sliceFlows = 500;

/** Before each flow that is read from the switch: u64 packets, u64 bytes. */
export const counterBytes = 16;

export const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Names for the formatter, as `ovs-ofctl --names` would take them from the switch. */
export function namesOf(ports: PortMap): Names {
  return { port: (ofport) => ports.name(ofport), table: (id) => contractOf(id)?.ref.name };
}

/** The objects behind an owner key. */
export function resolveOwner(state: State, owner: number): OwnerRef {
  if (owner === systemOwner) return { kind: 'system', key: '' };
  if (owner === cutOwner) return { kind: 'system', key: 'cut' };
  return state.byOwner(owner) ?? { kind: 'system', key: `unknown owner ${owner.toString(16)}` };
}

/** The objects behind a cookie; several for a shared flow. */
export async function cookieOwners(engine: Engine, state: State, cookie: bigint): Promise<OwnerRef[]> {
  const owner = cookieOwner(cookie);
  if (ownerKind(owner) !== 'shared') return [resolveOwner(state, owner)];
  const owners = await engine.owners(ownerId(owner));
  return owners.map((each) => resolveOwner(state, each));
}

/** Splits what the engine read: each message preceded by `extra` bytes of counters. */
export function* counted(stream: Uint8Array, extra = 0): Iterable<{ message: Uint8Array; before: DataView }> {
  for (let at = 0; at < stream.length;) {
    const length = new DataView(stream.buffer, stream.byteOffset + at + extra + 2, 2).getUint16(0);
    yield {
      before: new DataView(stream.buffer, stream.byteOffset + at, extra),
      message: stream.subarray(at + extra, at + extra + length),
    };
    at += extra + length;
  }
}

function tableFilter(query: FlowQuery): { table?: number } {
  if (query.table === undefined) return {};
  const named = Object.values(t).find((ref) => ref.name === query.table || String(ref.id) === query.table);
  if (named) return { table: named.id };
  const known = Object.keys(t).join(', ');
  throw new SluiceError('not_found', `there is no table ${query.table}; the tables are ${known}`);
}

export async function flowLines(
  engine: Engine,
  state: State,
  ports: PortMap,
  query: FlowQuery,
  owner: number | undefined,
): Promise<FlowLine[]> {
  const names = namesOf(ports);
  const fromSwitch = query.source === 'switch';
  const filter = tableFilter(query);
  const stream = fromSwitch
    ? await readSwitch(engine, filter, owner)
    : await engine.flows(owner === undefined ? filter : { ...filter, owner });
  const lines: FlowLine[] = [];
  let sinceBreath = 0;
  for (const { message, before } of counted(stream, fromSwitch ? counterBytes : 0)) {
    if (++sinceBreath === sliceFlows) {
      sinceBreath = 0;
      await breath();
    }
    const cookie = flowCookie(message);
    const owners = await cookieOwners(engine, state, cookie);
    lines.push({
      text: formatFlow(message, names),
      cookie: `0x${cookie.toString(16).padStart(16, '0')}`,
      owners,
      table: contractOf(flowTable(message))?.ref.name ?? String(flowTable(message)),
      priority: flowPriority(message),
      ...(fromSwitch ? { packets: Number(before.getBigUint64(0)), bytes: Number(before.getBigUint64(8)) } : {}),
    });
  }
  return lines;
}

/** Of one owner: by its cookie, and by those of what it shares. The switch finds a cookie at once; to read all of it takes a second a million flows. */
async function readSwitch(engine: Engine, filter: { table?: number }, owner: number | undefined): Promise<Uint8Array> {
  if (owner === undefined) return engine.readSwitch(filter);
  const cookies = new Set([owner]);
  for (const { message } of counted(await engine.flows({ ...filter, owner })))
    cookies.add(cookieOwner(flowCookie(message)));
  return Buffer.concat(await Promise.all([...cookies].map((key) => engine.readSwitch({ ...filter, owner: key }))));
}
