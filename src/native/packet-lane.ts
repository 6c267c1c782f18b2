/**
 * PacketLane: packets in and out and forgotten connections, on an OpenFlow connection of its own (native/core/packets).
 * Neighbours: src/datapath/packets answers what comes in; engine.ts has the lanes that commit, which this never shares.
 * Invariant: both directions are bounded in C++; what does not fit is dropped and counted, so nothing here ever waits.
 */
import { NativeError, toNativeError } from './errors.js';
import { addon, type RawPacketLane } from './loader.js';
import type { PacketIn, PacketLaneCounts, PacketLaneEvent } from './types.js';

export interface PacketLaneOptions {
  /** A packet that a `controller` action handed over. */
  onPacketIn(packet: PacketIn): void;
  /** The connection stands (again). */
  onUp(): void;
  /** It is lost, or cannot be had; a reason is reported once, not at every attempt. */
  onDown(reason: string): void;
}

/** A packet of ours and what the switch shall do with it. */
export interface PacketOut {
  /** OXM fields that it starts with: in_port, which must be there (CONTROLLER for none), and registers. */
  readonly fields: Uint8Array;
  /** An action list (OpenFlow 1.5 §7.2.6). */
  readonly actions: Uint8Array;
  /** A whole Ethernet frame without its checksum. */
  readonly packet: Uint8Array;
}

/** A tracked connection by the direction of its first packet. */
export interface ConnectionTuple {
  readonly zone: number;
  readonly protocol: number;
  /** 4 or 16 bytes; both of one length. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Ports; of ICMP and ICMPv6 the identifier, and `type << 8 | code`. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Connections in one request to the switch (PacketLane::kMaxFlush). */
const maxFlush = 4096;
const tupleBytes = 40;

/** Lives until close(), and keeps the process alive until then; dropping the last reference does not close it. */
export class PacketLane {
  readonly #raw: RawPacketLane;
  #closing: Promise<void> | undefined;

  /** Throws `addon_missing`. */
  constructor(options: PacketLaneOptions) {
    const deliver = (events: readonly PacketLaneEvent[]): void => {
      for (const event of events) {
        if (event.type === 'packet') options.onPacketIn(event);
        else if (event.type === 'up') options.onUp();
        else options.onDown(event.reason);
      }
    };
    try {
      this.#raw = new (addon().PacketLane)(deliver);
    } catch (thrown) {
      throw toNativeError(thrown);
    }
  }

  /** Dials `unix:/run/openvswitch/<bridge>.mgmt` and dials again for ever. A second call replaces the remote. Throws `invalid_remote`, `closed`. */
  connect(remote: string): void {
    try {
      this.#raw.connect(remote);
    } catch (thrown) {
      throw toNativeError(thrown);
    }
  }

  /** Sends a packet if there is a switch that takes it; a packet that is dropped instead, or refused, only counts. */
  packetOut({ fields, actions, packet }: PacketOut): void {
    this.#raw.send(fields, actions, packet);
  }

  /**
   * Forgets connections (NXT_CT_FLUSH; Open vSwitch 3.1). Resolves when the switch has done it; one that it does not have is
   * no error. Rejects with `unavailable` when there is no switch or it goes meanwhile, `rpc_error` when it refuses.
   */
  async flushConntrack(connections: readonly ConnectionTuple[]): Promise<void> {
    for (let at = 0; at < connections.length; at += maxFlush) {
      const some = connections.slice(at, at + maxFlush);
      const { refused, error } = await settle(this.#raw.flush(encodeTuples(some)));
      if (refused > 0)
        throw new NativeError('rpc_error', `the switch refused to forget ${refused} connections: ${error}`);
    }
  }

  /** Since the lane was made. */
  counts(): Promise<PacketLaneCounts> {
    return settle(this.#raw.counts());
  }

  /** Open promises are rejected with `closed`. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= settle(this.#raw.close());
    return this.#closing;
  }
}

/** Addresses in 16 bytes, IPv4 as ::ffff:a.b.c.d. */
function encodeTuples(connections: readonly ConnectionTuple[]): Uint8Array {
  const bytes = new Uint8Array(connections.length * tupleBytes);
  const view = new DataView(bytes.buffer);
  const address = (at: number, value: Uint8Array): void => {
    bytes.set(value, at + 16 - value.length);
    if (value.length === 4) view.setUint16(at + 10, 0xffff);
  };
  for (const [i, c] of connections.entries()) {
    const at = i * tupleBytes;
    view.setUint16(at, c.zone);
    view.setUint8(at + 2, c.protocol);
    address(at + 4, c.source);
    address(at + 20, c.destination);
    view.setUint16(at + 36, c.sourcePort);
    view.setUint16(at + 38, c.destinationPort);
  }
  return bytes;
}

async function settle<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (thrown) {
    throw toNativeError(thrown);
  }
}
