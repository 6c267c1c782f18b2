/**
 * OpenFlow 1.5 messages as a switch reads and writes them: framing, and the few layouts the fake switch needs.
 * Neighbours: tables.ts and fake-switch.ts. Deliberately not src/openflow: a fault of ours must not hide in both ends.
 */

export const type = {
  hello: 0,
  error: 1,
  echoRequest: 2,
  echoReply: 3,
  featuresRequest: 5,
  featuresReply: 6,
  packetIn: 10,
  flowRemoved: 11,
  portStatus: 12,
  flowMod: 14,
  groupMod: 15,
  multipartRequest: 18,
  multipartReply: 19,
  barrierRequest: 20,
  barrierReply: 21,
  setAsync: 28,
  meterMod: 29,
  requestForward: 32,
  bundleControl: 33,
  bundleAdd: 34,
} as const;

/** ofp_bundle_ctrl_type; a reply is its request plus one. */
export const control = { open: 0, close: 2, commit: 4, discard: 6 } as const;

export const multipart = { flowDesc: 1, table: 3, groupDesc: 7, meterDesc: 10, portDesc: 13, flowMonitor: 16 } as const;

/** Type and code of an OFPT_ERROR. */
export interface Refusal {
  readonly type: number;
  readonly code: number;
}

export const refusal = {
  badPort: { type: 2, code: 4 },
  badGroup: { type: 2, code: 9 },
  badTable: { type: 3, code: 2 },
  badMultipart: { type: 1, code: 2 },
  badBundleId: { type: 17, code: 2 },
  outOfBundles: { type: 17, code: 5 },
  badFlags: { type: 17, code: 7 },
  badXid: { type: 17, code: 9 },
  unsupported: { type: 17, code: 10 },
  messageFailed: { type: 17, code: 13 },
  timedOut: { type: 17, code: 14 },
} as const satisfies Record<string, Refusal>;

/** One whole message; `bytes` has its header. */
export interface Message {
  readonly type: number;
  readonly xid: number;
  readonly bytes: Buffer;
}

export function frame(kind: number, xid: number, body: Uint8Array = new Uint8Array(), version = 6): Buffer {
  const bytes = Buffer.alloc(8 + body.length);
  bytes.writeUInt8(version, 0);
  bytes.writeUInt8(kind, 1);
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt32BE(xid >>> 0, 4);
  bytes.set(body, 8);
  return bytes;
}

/** The first message of `bytes`; its length must be right. */
export function messageAt(bytes: Buffer): Message {
  return { type: bytes.readUInt8(1), xid: bytes.readUInt32BE(4), bytes };
}

/** Cuts a stream into messages, in whatever pieces it comes. */
export class Framer {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Message[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const found: Message[] = [];
    while (rest.length >= 8) {
      const length = rest.readUInt16BE(2);
      if (length < 8) throw new Error(`the engine sent a message of length ${length}`);
      if (rest.length < length) break;
      found.push(messageAt(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    this.#rest = rest;
    return found;
  }
}

export function hello(xid: number, versions: readonly number[]): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16BE(1, 0);
  body.writeUInt16BE(8, 2);
  body.writeUInt32BE(
    versions.reduce((bits, version) => bits | (1 << version), 0),
    4,
  );
  return frame(type.hello, xid, body, Math.max(...versions));
}

/** Like Open vSwitch, quotes the first 64 bytes of what it objects to. */
export function error(xid: number, why: Refusal, about: Uint8Array = new Uint8Array(64)): Buffer {
  const body = Buffer.alloc(4 + Math.min(64, about.length));
  body.writeUInt16BE(why.type, 0);
  body.writeUInt16BE(why.code, 2);
  body.set(about.subarray(0, 64), 4);
  return frame(type.error, xid, body);
}

export function multipartReply(xid: number, kind: number, more: boolean, entries: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(kind, 0);
  head.writeUInt16BE(more ? 1 : 0, 2);
  return frame(type.multipartReply, xid, Buffer.concat([head, ...entries]));
}
