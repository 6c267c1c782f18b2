/**
 * Announces local endpoints when they appear, move here, or the way to them changes: at once and a few times more, later and later.
 * Neighbours: controller.ts says who and when its flows stand; advertisement.ts says what; packet-desk.ts sends.
 * Invariants: nothing is announced before the switch has the endpoint's flows; an endpoint has one place in the queue, however often
 * it is asked for; so many frames a second and no more.
 */
import { interfaceOf, type Change, type Endpoint, type Settings } from '../../model/index.js';
import { fromEndpoint } from '../../pipeline/inject.js';
import type { World } from '../../pipeline/world.js';
import { advertisements } from './advertisement.js';

export interface AnnouncerParts {
  world(): World;
  /** Send a frame by a flow of src/pipeline/inject.ts. */
  send(flow: Uint8Array, frame: Uint8Array): void;
  /** Microseconds, monotonic. */
  readonly clock: () => number;
}

/** When after the first time it is said again: one frame may be lost, and a fabric that has just changed may not forward yet. */
const repeatsMs = [1000, 3000, 7000];
const slotMs = 50;
/** 400 frames a second. */
const framesPerSlot = 20;

interface Wanted {
  /** How often it has been said. */
  said: number;
  dueUs: number;
}

export class Announcer {
  readonly #parts: AnnouncerParts;
  /** By endpoint key; in the order of asking. */
  readonly #waiting = new Map<string, Wanted>();
  readonly #asked = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /**
   * Endpoints that are about to leave this host say nothing more here: bridges would learn the MAC on the wrong
   * side again, and drop what comes for it.
   */
  leaving(changes: readonly Change[]): void {
    for (const { before, after } of changes) {
      if (before?.kind !== 'endpoint' || (after?.kind === 'endpoint' && interfaceOf(after) !== undefined)) continue;
      this.#asked.delete(before.key);
      this.#waiting.delete(before.key);
    }
  }

  /** Endpoints that appear on this host, or whose MAC, addresses, port, or tag outside are others. */
  changed(changes: readonly Change[]): void {
    for (const { before, after } of changes) {
      if (after?.kind === 'group' && before?.kind === 'group' && before.tag !== after.tag) this.#askMembers(after.key);
      if (after?.kind === 'settings' && before?.kind === 'settings' && vtep(before) !== vtep(after)) this.#ask('vxlan');
      if (after?.kind !== 'endpoint' || interfaceOf(after) === undefined) continue;
      const same =
        before?.kind === 'endpoint' && interfaceOf(before) === interfaceOf(after) && looksAlike(before, after);
      if (!same || this.#tagOf(before) !== this.#tagOf(after)) this.#asked.add(after.key);
    }
  }

  /** An interface has a port, perhaps another one. */
  plugged(endpoint: Endpoint): void {
    this.#asked.add(endpoint.key);
  }

  /** The way into the fabric is another one: all endpoints that are reached that way. */
  rerouted(encap: 'vlan' | 'vxlan'): void {
    this.#ask(encap);
    this.confirmed();
  }

  /** The fabric knows them by another tag now. */
  #askMembers(group: string): void {
    for (const e of this.#parts.world().state.groupMembers(group))
      if (interfaceOf(e) !== undefined) this.#asked.add(e.key);
  }

  /** The tag that an endpoint's group has of its own; of a group that is gone meanwhile nobody knows. */
  #tagOf({ group }: Endpoint): number | undefined {
    return group === undefined ? undefined : this.#parts.world().state.groups.get(group)?.tag;
  }

  #ask(encap: 'vlan' | 'vxlan'): void {
    const { state } = this.#parts.world();
    for (const e of state.endpoints.values()) {
      if (interfaceOf(e) !== undefined && state.networks.get(e.network)?.encap === encap) this.#asked.add(e.key);
    }
  }

  /** The switch has everything that was asked for so far. */
  confirmed(): void {
    const now = this.#parts.clock();
    for (const key of this.#asked) this.#waiting.set(key, { said: 0, dueUs: now });
    this.#asked.clear();
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#closed || this.#timer !== undefined || this.#waiting.size === 0) return;
    const due = Math.min(...[...this.#waiting.values()].map(({ dueUs }) => dueUs));
    const waitMs = Math.max(slotMs, (due - this.#parts.clock()) / 1000);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#slot();
      this.#arm();
    }, waitMs);
    // What is left to say keeps no process alive.
    this.#timer.unref();
  }

  #slot(): void {
    const now = this.#parts.clock();
    let room = framesPerSlot;
    for (const [key, wanted] of this.#waiting) {
      if (room <= 0) return;
      if (wanted.dueUs > now) continue;
      room -= this.#announce(key);
      const next = repeatsMs[wanted.said++];
      if (next === undefined) this.#waiting.delete(key);
      else wanted.dueUs = now + 1000 * (next - (repeatsMs[wanted.said - 2] ?? 0));
    }
  }

  /** Answers how many frames that took. */
  #announce(key: string): number {
    const { state, ports } = this.#parts.world();
    const e = state.endpoints.get(key);
    const iface = interfaceOf(e);
    const ofport = iface === undefined ? undefined : ports.of(iface);
    const network = e && state.networks.get(e.network);
    // Gone meanwhile, or not plugged in yet: then it is asked for again.
    if (e === undefined || ofport === undefined || network === undefined) return 0;
    const group = e.group === undefined ? undefined : state.groups.get(e.group);
    const flow = fromEndpoint(network.id, ofport, group?.tag === undefined ? 0 : group.id);
    const frames = advertisements(e);
    for (const frame of frames) this.#parts.send(flow, frame);
    return frames.length;
  }
}

function vtep({ vtepIp }: Settings): string {
  return String(vtepIp);
}

function looksAlike(one: Endpoint, other: Endpoint): boolean {
  const told = (e: Endpoint): string =>
    advertisements(e)
      .map((frame) => Buffer.from(frame).toString('hex'))
      .join();
  return one.network === other.network && told(one) === told(other);
}
