/**
 * Packets between the daemon and the switch, over a lane of their own: answers to what is handed over, and what is said unasked.
 * Neighbours: controller.ts owns it; answers/ and announce/ know what to say; src/native's PacketLane carries it.
 * Invariant: no commit and no verdict waits for anything here.
 */
import type { State } from '../model/index.js';
import { PacketLane } from '../native/index.js';
import { flowInstructions, flowMatch } from '../openflow/index.js';
import type { World } from '../pipeline/world.js';
import { Announcer } from './announce/announcer.js';
import { addressBytes, Answerer } from './answers/answerer.js';
import { DeniedLog } from './answers/denied-log.js';
import type { Tracked } from './cut/conntrack-dump.js';
import type { DatapathEvent } from './face.js';
import type { Logger } from './log.js';

export interface PacketDeskParts {
  readonly log: Logger;
  /** Microseconds, monotonic. */
  readonly clock: () => number;
  state(): State;
  world(): World;
  emit(event: DatapathEvent): void;
}

/** The header of the one instruction that such a flow has: apply_actions. */
const instructionHeader = 8;

export class PacketDesk {
  readonly announcer: Announcer;
  readonly #lane: PacketLane;
  readonly #answerer: Answerer;

  constructor(parts: PacketDeskParts) {
    this.announcer = new Announcer({ ...parts, send: (flow, frame) => this.send(flow, frame) });
    const denied = new DeniedLog(parts);
    this.#answerer = new Answerer({
      ...parts,
      send: (flow, frame) => this.send(flow, frame),
      denied: (packet, frame) => denied.denied(packet, frame),
    });
    this.#lane = new PacketLane({
      onPacketIn: (packet) => this.#answerer.heard(packet),
      onUp: () => parts.log.debug({}, 'the packet lane is up'),
      onDown: (reason) => parts.log.debug({ reason }, 'the packet lane is down'),
    });
  }

  connect(remote: string): void {
    this.#lane.connect(remote);
  }

  /** Send a frame by a flow of src/pipeline/inject.ts. */
  send(flow: Uint8Array, packet: Uint8Array): void {
    this.#lane.packetOut({
      fields: flowMatch(flow),
      actions: flowInstructions(flow).subarray(instructionHeader),
      packet,
    });
  }

  forget(connections: readonly Tracked[]): Promise<void> {
    return this.#lane.flushConntrack(
      connections.map((c) => ({ ...c, source: addressBytes(c.source), destination: addressBytes(c.destination) })),
    );
  }

  async close(): Promise<void> {
    this.announcer.close();
    await this.#lane.close();
  }
}
