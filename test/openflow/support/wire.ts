// A bare OpenFlow 1.5 connection to a switch: sends messages as they are, hands back dumps as they came.
// Neighbours: switch.ts starts the switch; the table tests compare its dumps with what src/openflow wrote.
// Invariant: nothing of src/openflow is used to read or write here, so the comparison is with the switch alone.

import net from 'node:net';

export interface WireError {
  readonly type: number;
  readonly code: number;
}

/** An entry of a flow dump turned into the flow mod that would have made it. */
export type DumpedFlow = Uint8Array;

const type = {
  hello: 0,
  error: 1,
  echoRequest: 2,
  echoReply: 3,
  multipartRequest: 18,
  multipartReply: 19,
  barrier: 20,
};
const multipart = { flowDesc: 1, groupDesc: 7 };

interface Waiting {
  readonly parts: Buffer[];
  readonly errors: WireError[];
  done(): void;
}

export class Wire {
  readonly #socket: net.Socket;
  #buffer = Buffer.alloc(0);
  #xid = 1;
  readonly #waiting = new Map<number, Waiting>();
  #errors: WireError[] = [];

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (data) => this.#read(data));
  }

  static async connect(path: string): Promise<Wire> {
    const socket = net.connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const wire = new Wire(socket);
    // Hello with a version bitmap of 1.5 alone.
    wire.#write(type.hello, 1, Buffer.from([0, 1, 0, 8, 0, 0, 0, 0x40]));
    return wire;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends whole messages and a barrier; returns the errors they met. */
  async send(...messages: Uint8Array[]): Promise<readonly WireError[]> {
    this.#errors = [];
    for (const message of messages) {
      const copy = Buffer.from(message);
      copy.writeUInt32BE(++this.#xid, 4);
      this.#socket.write(copy);
    }
    await this.#request(type.barrier, Buffer.alloc(0));
    return this.#errors;
  }

  /** All flows, each as the flow mod (ADD) with the very match and instruction bytes that the switch reported. */
  async flows(): Promise<DumpedFlow[]> {
    const body = Buffer.alloc(48);
    body.writeUInt16BE(multipart.flowDesc, 0);
    body[8] = 0xff;
    body.fill(0xff, 12, 20);
    body.writeUInt32BE(0x00010004, 40);
    const entries = await this.#dump(body);
    return entries.map(toFlowMod);
  }

  /** All groups, each as the group mod (ADD) with the very bucket and property bytes that the switch reported. */
  async groups(): Promise<Uint8Array[]> {
    const body = Buffer.alloc(16);
    body.writeUInt16BE(multipart.groupDesc, 0);
    body.writeUInt32BE(0xfffffffc, 8);
    const entries = await this.#dump(body);
    return entries.map(toGroupMod);
  }

  /** All meters, each as the meter mod (ADD) with the very flags and bands that the switch reported. */
  async meters(): Promise<Uint8Array[]> {
    const body = Buffer.alloc(16);
    body.writeUInt16BE(10, 0);
    body.writeUInt32BE(0xffffffff, 8);
    return (await this.#dump(body)).map(toMeterMod);
  }

  async #dump(body: Buffer): Promise<Buffer[]> {
    const parts = await this.#request(type.multipartRequest, body);
    const entries: Buffer[] = [];
    for (const part of parts) {
      for (let at = 16; at < part.length; at += part.readUInt16BE(at)) {
        entries.push(part.subarray(at, at + part.readUInt16BE(at)));
      }
    }
    return entries;
  }

  async #request(messageType: number, body: Buffer): Promise<Buffer[]> {
    const xid = ++this.#xid;
    const parts: Buffer[] = [];
    await new Promise<void>((done) => {
      this.#waiting.set(xid, { parts, errors: this.#errors, done });
      this.#write(messageType, xid, body);
    });
    return parts;
  }

  #write(messageType: number, xid: number, body: Buffer): void {
    const head = Buffer.alloc(8);
    head.writeUInt8(6, 0);
    head.writeUInt8(messageType, 1);
    head.writeUInt16BE(8 + body.length, 2);
    head.writeUInt32BE(xid, 4);
    this.#socket.write(Buffer.concat([head, body]));
  }

  #read(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    while (this.#buffer.length >= 8 && this.#buffer.length >= this.#buffer.readUInt16BE(2)) {
      const length = this.#buffer.readUInt16BE(2);
      this.#take(this.#buffer.subarray(0, length));
      this.#buffer = this.#buffer.subarray(length);
    }
  }

  #take(message: Buffer): void {
    const xid = message.readUInt32BE(4);
    const waiting = this.#waiting.get(xid);
    switch (message[1]) {
      case type.echoRequest:
        this.#write(type.echoReply, xid, message.subarray(8));
        return;
      case type.error:
        this.#errors.push({ type: message.readUInt16BE(8), code: message.readUInt16BE(10) });
        if (waiting === undefined) return;
        break;
      case type.multipartReply:
        waiting?.parts.push(Buffer.from(message));
        if ((message.readUInt16BE(10) & 1) !== 0) return;
        break;
      case type.barrier + 1:
        break;
      default:
        return;
    }
    this.#waiting.delete(xid);
    waiting?.done();
  }
}

/** OFPMP_FLOW_DESC entry (OpenFlow 1.5 §7.3.5.2) to OFPT_FLOW_MOD; the statistics are left out. */
function toFlowMod(entry: Buffer): Uint8Array {
  const padded = (length: number) => (length + 7) & ~7;
  const match = entry.subarray(24, 24 + padded(entry.readUInt16BE(26)));
  const stats = 24 + match.length;
  const instructions = entry.subarray(stats + padded(entry.readUInt16BE(stats + 2)));
  const head = Buffer.alloc(48);
  head.writeUInt8(6, 0);
  head.writeUInt8(14, 1);
  head.writeUInt16BE(48 + match.length + instructions.length, 2);
  entry.copy(head, 8, 16, 24);
  head.writeUInt8(entry.readUInt8(4), 24);
  entry.copy(head, 26, 8, 12);
  entry.copy(head, 30, 6, 8);
  head.fill(0xff, 32, 44);
  entry.copy(head, 44, 12, 16);
  return new Uint8Array(Buffer.concat([head, match, instructions]));
}

/** OFPMP_GROUP_DESC entry (OpenFlow 1.5 §7.3.5.10) to OFPT_GROUP_MOD. */
function toGroupMod(entry: Buffer): Uint8Array {
  const head = Buffer.alloc(24);
  head.writeUInt8(6, 0);
  head.writeUInt8(15, 1);
  head.writeUInt16BE(24 + entry.length - 16, 2);
  entry.copy(head, 10, 2, 3);
  entry.copy(head, 12, 4, 10);
  head.writeUInt32BE(0xffffffff, 20);
  return new Uint8Array(Buffer.concat([head, entry.subarray(16)]));
}

/** OFPMP_METER_DESC entry (OpenFlow 1.5 §7.3.5.14) to OFPT_METER_MOD. */
function toMeterMod(entry: Buffer): Uint8Array {
  const head = Buffer.alloc(16);
  head.writeUInt8(6, 0);
  head.writeUInt8(29, 1);
  head.writeUInt16BE(16 + entry.length - 8, 2);
  entry.copy(head, 10, 2, 8);
  return new Uint8Array(Buffer.concat([head, entry.subarray(8)]));
}
