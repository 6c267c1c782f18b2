// The bytes that cross the language border: owners, each followed by its whole set of flows, groups and meters.
// Neighbours: src/pipeline fills it, src/datapath hands `bytes()` to the engine; template/emit.ts writes messages.
// Invariant: after a throw the batch is as it was before the call; bytes handed out stay valid until the next add or reset.

import { checkOwner, cookieHigh, cookieLow } from './cookie.js';
import { compileFlow, flowMod } from './flow.js';
import { compileGroup } from './group/compile.js';
import { compileMeter } from './meter/compile.js';
import type { Hole } from './holes.js';
import { ByteSink, emit } from './template/emit.js';
import { Sites } from './template/site.js';

const markerBytes = 16;
const keptBytes = 4 << 20;

export const flowSites = new Sites((expanded) => compileFlow(expanded));
export const groupSites = new Sites((expanded) => compileGroup(expanded));
export const meterSites = new Sites((expanded) => compileMeter(expanded));

/** Takes the flows, groups and meters of one owner. */
export interface Flows {
  /** Adds a flow: `` f.add`table=${t}, priority=${p}, …, actions=…` `` in ovs-flows(7) notation. */
  add(strings: TemplateStringsArray, ...holes: Hole[]): void;
  /** Adds an OpenFlow group: `` f.group`group_id=${id}, type=select, selection_method=dp_hash, ${buckets}` ``. */
  group(strings: TemplateStringsArray, ...holes: Hole[]): void;
  /** Adds a meter: `` f.meter`meter=${id}, kbps, burst, band=type=drop, rate=${r}, burst_size=${b}` ``. */
  meter(strings: TemplateStringsArray, ...holes: Hole[]): void;
}

export class Batch implements Flows {
  #sink: ByteSink;
  #cookieHigh = 0;
  #cookieLow = 0;
  #flows = 0;
  #groups = 0;
  #meters = 0;
  #owners = 0;
  /** Where the current owner's set began, to take it back. */
  readonly #begun = { at: 0, flows: 0, groups: 0, meters: 0, owners: 0 };

  constructor(capacity = 65_536) {
    this.#sink = new ByteSink(capacity);
  }

  /** Flows added since the last reset. */
  get flowCount(): number {
    return this.#flows;
  }

  get groupCount(): number {
    return this.#groups;
  }

  get meterCount(): number {
    return this.#meters;
  }

  get ownerCount(): number {
    return this.#owners;
  }

  get byteLength(): number {
    return this.#sink.length;
  }

  /**
   * Starts an owner's set: what is added up to the next owner is all that it wants. The handle returned is the same
   * object each time.
   */
  owner(key: number): Flows {
    checkOwner(key);
    const sink = this.#sink;
    const at = sink.length;
    this.#begin();
    sink.reserve(at, markerBytes);
    const { view } = sink;
    view.setUint32(at, 0x00010000 | markerBytes);
    view.setUint32(at + 4, 0);
    view.setUint32(at + 8, Math.floor(key / 0x100000000));
    view.setUint32(at + 12, key >>> 0);
    sink.length = at + markerBytes;
    this.#cookieHigh = cookieHigh(key);
    this.#cookieLow = cookieLow(key);
    this.#owners++;
    return this;
  }

  /** Takes back the owner begun last with all that was added since: it is then not named by this batch. */
  dropOwner(): void {
    const { at, flows, groups, meters, owners } = this.#begun;
    this.#sink.length = at;
    this.#flows = flows;
    this.#groups = groups;
    this.#meters = meters;
    this.#owners = owners;
  }

  add(strings: TemplateStringsArray, ...holes: Hole[]): void {
    const at = emit(this.#sink, flowSites.at(strings), holes);
    const { view } = this.#sink;
    view.setUint32(at + flowMod.cookie, this.#cookieHigh);
    view.setUint32(at + flowMod.cookie + 4, this.#cookieLow);
    this.#flows++;
  }

  group(strings: TemplateStringsArray, ...holes: Hole[]): void {
    emit(this.#sink, groupSites.at(strings), holes);
    this.#groups++;
  }

  meter(strings: TemplateStringsArray, ...holes: Hole[]): void {
    emit(this.#sink, meterSites.at(strings), holes);
    this.#meters++;
  }

  /** What was written, as a view of the batch's own buffer. */
  bytes(): Uint8Array {
    return this.#sink.bytes.subarray(0, this.#sink.length);
  }

  /** Empties the batch. The buffer is kept, unless a whole state has made it large: that would be its lasting cost. */
  reset(): void {
    if (this.#sink.bytes.length > keptBytes) this.#sink = new ByteSink(65_536);
    this.#sink.length = 0;
    this.#flows = 0;
    this.#groups = 0;
    this.#meters = 0;
    this.#owners = 0;
    this.#cookieHigh = 0;
    this.#cookieLow = 0;
    this.#begin();
  }

  #begin(): void {
    const begun = this.#begun;
    begun.at = this.#sink.length;
    begun.flows = this.#flows;
    begun.groups = this.#groups;
    begun.meters = this.#meters;
    begun.owners = this.#owners;
  }
}

/** One flow as a message of its own, cookie 0: for tests and tools. */
export function flow(strings: TemplateStringsArray, ...holes: Hole[]): Uint8Array {
  return single(flowSites, strings, holes);
}

/** One group as a message of its own. */
export function group(strings: TemplateStringsArray, ...holes: Hole[]): Uint8Array {
  return single(groupSites, strings, holes);
}

/** One meter as a message of its own. */
export function meter(strings: TemplateStringsArray, ...holes: Hole[]): Uint8Array {
  return single(meterSites, strings, holes);
}

function single(sites: Sites, strings: TemplateStringsArray, holes: readonly Hole[]): Uint8Array {
  const sink = new ByteSink(512);
  emit(sink, sites.at(strings), holes);
  return sink.bytes.slice(0, sink.length);
}
