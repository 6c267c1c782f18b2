/**
 * States and compiled flows for the pipeline's tests. Neighbours: every test of this folder.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { emptyState, judge, type AnyObject, type State } from '../../src/model/index.js';
import { Batch, flowCookie, formatFlow, formatGroup, messages } from '../../src/openflow/index.js';
import { compileObject, compileSystem, everyObject } from '../../src/pipeline/compile.js';
import { contractOf, reg } from '../../src/pipeline/layout.js';
import type { Ports, World } from '../../src/pipeline/world.js';

export const examplePath = new URL('../../examples/host.yaml', import.meta.url);

/** The state after a request that must be accepted. */
export function accept(state: State, put: readonly unknown[], gone: { kind: never; key: string }[] = []): State {
  const judged = judge(state, { put: [...put], delete: gone });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems, null, 2));
  return judged.accepted.state;
}

export function exampleState(): State {
  const { objects } = parse(readFileSync(examplePath, 'utf8')) as { objects: unknown[] };
  return accept(emptyState(), objects);
}

/** Ports numbered by the sorted names of the endpoints' interfaces, from 1. */
export function numberedPorts(state: State): Ports & { name(ofport: number): string | undefined } {
  const names: string[] = [];
  for (const e of state.endpoints.values()) if (e.where && 'interface' in e.where) names.push(e.where.interface);
  names.sort();
  const special = new Map([
    [1001, 'sluice-vxlan'],
    [1002, 'sluice-uplink'],
  ]);
  return {
    of: (name) => (names.includes(name) ? names.indexOf(name) + 1 : undefined),
    tunnel: state.settings.vtepIp === undefined ? undefined : 1001,
    uplink: state.settings.vlanInterfaces.length === 0 ? undefined : 1002,
    mac: Uint8Array.of(0x06, 0, 0, 0, 0, 1),
    name: (ofport) => names[ofport - 1] ?? special.get(ofport),
  };
}

export function worldOf(state: State): World {
  return { state, ports: numberedPorts(state), underlay: { vlan: 1500, vxlan: 1450 } };
}

/** The flow messages of a batch, or its groups; owner markers (version 0) are skipped. */
export function* flowMessages(batch: Uint8Array, type = 14): Iterable<Uint8Array> {
  for (const message of messages(batch)) if (message[0] !== 0 && message[1] === type) yield message;
}

function namesOf(world: World) {
  const ports = numberedPorts(world.state);
  return { port: (n: number) => ports.name(n), table: (id: number) => contractOf(id)?.ref.name };
}

function textOf(world: World, batch: Batch): string[] {
  return [...flowMessages(batch.bytes())].map((message) => formatFlow(message, namesOf(world)));
}

/** One object's OpenFlow groups as text. */
export function groupText(world: World, object: AnyObject): string[] {
  const batch = new Batch();
  compileObject(batch, world, object);
  return [...flowMessages(batch.bytes(), 15)].map((message) => formatGroup(message, namesOf(world)));
}

/** Everything a world compiles to, as text. */
export function compileText(world: World): string[] {
  const batch = new Batch();
  compileSystem(batch, world);
  for (const object of everyObject(world)) compileObject(batch, world, object);
  return textOf(world, batch);
}

/** One object's flows as text. */
export function objectText(world: World, object: AnyObject): string[] {
  const batch = new Batch();
  compileObject(batch, world, object);
  return textOf(world, batch);
}

/** Owner (40 bits) of each flow of a world. */
export function cookies(world: World): bigint[] {
  const batch = new Batch();
  compileSystem(batch, world);
  for (const object of everyObject(world)) compileObject(batch, world, object);
  return [...flowMessages(batch.bytes())].map(flowCookie);
}

/** A flow line taken apart, with register ranges under their layout names. */
export interface Line {
  readonly table: string;
  readonly fields: readonly string[];
  readonly next: readonly string[];
  /** Tables of its resubmits. */
  readonly asks: readonly string[];
}

const shorthand: Record<string, string[]> = {
  ip: ['dl_type'],
  ipv6: ['dl_type'],
  arp: ['dl_type'],
  tcp: ['dl_type', 'nw_proto'],
  udp: ['dl_type', 'nw_proto'],
  tcp6: ['dl_type', 'nw_proto'],
  udp6: ['dl_type', 'nw_proto'],
  igmp: ['dl_type', 'nw_proto'],
  icmp: ['dl_type', 'nw_proto'],
  icmp6: ['dl_type', 'nw_proto'],
};

/** The layout names of the bits of a register match. */
function registerNames(n: number, mask: bigint): string[] {
  const names: string[] = [];
  for (const [name, range] of Object.entries(reg)) {
    if (range.register !== n) continue;
    const bits = ((1n << BigInt(range.end - range.start + 1)) - 1n) << BigInt(range.start);
    if ((mask & bits) !== 0n) names.push(name);
  }
  return names.length > 0 ? names : [`reg${n}`];
}

export function readLine(text: string): Line {
  const [head = '', actions = ''] = text.trim().split(' actions=');
  const fields: string[] = [];
  let table = 'classify';
  for (const part of head.split(/[ ,]+/).filter((p) => p !== '')) {
    const [name = '', value = ''] = part.split('=');
    const register = /^reg(\d+)$/.exec(name);
    if (name === 'table') table = value;
    else if (name === 'priority' || name === 'cookie') continue;
    else if (register) fields.push(...registerNames(Number(register[1]), BigInt(value.split('/')[1] ?? '0xffffffff')));
    else fields.push(...(shorthand[name] ?? [name]));
  }
  const next = [...actions.matchAll(/goto_table:([\w-]+)|ct\([^)]*table=([\w-]+)/g)].map(
    (found) => found[1] ?? found[2] ?? '',
  );
  const asks = [...actions.matchAll(/resubmit\(,([\w-]+)/g)].map((found) => found[1] ?? '');
  return { table, fields, next, asks };
}
