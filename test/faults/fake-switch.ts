/**
 * A scriptable OpenFlow 1.5 switch on a unix socket. By itself it behaves as ovs-vswitchd 3.1 does, with its traps: a
 * message that does not decode is left out of a bundle that then commits; an unknown bundle id opens a bundle; opening
 * one twice destroys it; nothing is read while replies wait to be taken. A script makes it worse.
 * Neighbours: tables.ts, wire.ts; rig.ts starts one for each test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  countTables,
  describeChange,
  describeFlow,
  describeGroup,
  describePort,
  readFlow,
  Tables,
  type Flow,
} from './tables.js';
import {
  control,
  error,
  frame,
  Framer,
  hello,
  messageAt,
  multipart,
  multipartReply,
  refusal,
  type,
  type Message,
  type Refusal,
} from './wire.js';

/** What goes wrong. Every hook is optional; without any the switch is a good one. */
export interface Script {
  /** Sees each message first; true: it is dealt with, or lost. Not of the connection that watches for others' changes. */
  onMessage?(message: Message, peer: Peer): boolean;
  /** The same for that one, from its OFPT_SET_ASYNC on. */
  onMonitorMessage?(message: Message, peer: Peer): boolean;
  /** What really goes out for one message of the switch. */
  onReply?(reply: Buffer, peer: Peer): readonly Buffer[];
  refuseAtAdd?(flow: Flow): Refusal | undefined;
  refuseAtCommit?(flow: Flow): Refusal | undefined;
  /** How fast it reads. */
  readonly bytesPerSecond?: number;
}

interface Bundle {
  readonly open: Message;
  readonly flags: number;
  readonly messages: Message[];
}

/** Flows in one part of a dump. */
const partSize = 50;
const readEveryMs = 50;

export class FakeSwitch {
  readonly tables = new Tables();
  /** What was received, by name; of the connection that watches for others' changes only `monitor` and `cancel`. */
  readonly log: string[] = [];
  script: Script = {};
  /** How many ports it says it has, on which the number of lanes depends. */
  ports = 4;
  versions: readonly number[] = [1, 4, 6];
  connections = 0;
  readonly peers = new Set<Peer>();
  readonly #dir: string;
  readonly #server: Server;

  private constructor(dir: string) {
    this.#dir = dir;
    this.#server = createServer((socket) => {
      this.connections += 1;
      const peer = new Peer(this, socket);
      this.peers.add(peer);
      socket.on('close', () => this.peers.delete(peer));
    });
  }

  static async start(): Promise<FakeSwitch> {
    const fake = new FakeSwitch(mkdtempSync(join(tmpdir(), 'sluice-faults-')));
    await fake.listen();
    return fake;
  }

  get path(): string {
    return join(this.#dir, 'switch.mgmt');
  }

  get remote(): string {
    return `unix:${this.path}`;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(this.path, resolve);
    });
  }

  /** Nobody listens any more; the socket's path is gone. */
  async stopListening(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.dropAll();
    await closed;
  }

  /** The connections that have a flow monitor. */
  get monitors(): Peer[] {
    return [...this.peers].filter((peer) => peer.monitor !== undefined);
  }

  /** Somebody else changes the tables; whoever has a monitor is told. */
  byHand(change: (tables: Tables) => void): void {
    change(this.tables);
    this.tell();
  }

  /** Tells what has changed. */
  tell(): void {
    const { tables } = this;
    for (const message of tables.forwards.splice(0)) {
      for (const peer of this.peers) if (peer.isForwarded) peer.send(frame(type.requestForward, 0, message.bytes));
    }
    const changes = tables.changes.splice(0);
    for (let at = 0; at < changes.length; at += partSize) {
      const updates = changes.slice(at, at + partSize).map(describeChange);
      for (const peer of this.monitors) peer.send(multipartReply(0, multipart.flowMonitor, false, updates));
    }
  }

  dropAll(): void {
    for (const peer of this.peers) peer.close();
  }

  async stop(): Promise<void> {
    await this.stopListening();
    rmSync(this.#dir, { recursive: true });
  }
}

/** One connection. */
export class Peer {
  readonly #fake: FakeSwitch;
  readonly #socket: Socket;
  readonly #framer = new Framer();
  readonly #bundles = new Map<number, Bundle>();
  #queue: Message[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** It is not for commits and dumps. */
  isWatcher = false;
  /** Id of its flow monitor. */
  monitor: number | undefined;
  /** Gets the group mods of others. */
  isForwarded = false;

  constructor(fake: FakeSwitch, socket: Socket) {
    this.#fake = fake;
    this.#socket = socket;
    socket.on('readable', () => this.#read());
    socket.on('drain', () => this.#work());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clearTimeout(this.#timer));
    const greeting = hello(1, fake.versions);
    if (!fake.script.onMessage?.(messageAt(greeting), this)) this.send(greeting);
  }

  get bundleIds(): number[] {
    return [...this.#bundles.keys()];
  }

  close(): void {
    this.#queue = [];
    this.#socket.destroy();
  }

  send(bytes: Buffer): void {
    const out = this.#fake.script.onReply?.(bytes, this) ?? [bytes];
    for (const piece of out) this.sendRaw(piece);
  }

  /** Past the script. */
  sendRaw(bytes: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  refuse(message: Message, why: Refusal): void {
    this.send(error(message.xid, why, message.bytes));
  }

  /** The bundle idles out: its OPEN is answered with an error, at any time. */
  expire(id: number): void {
    const bundle = this.#bundles.get(id);
    if (!bundle) return;
    this.#bundles.delete(id);
    this.refuse(bundle.open, refusal.timedOut);
  }

  #read(): void {
    const rate = this.#fake.script.bytesPerSecond;
    if (rate === undefined) {
      for (let chunk = this.#take(); chunk; chunk = this.#take()) this.#queue.push(...this.#framer.push(chunk));
    } else {
      if (this.#timer) return;
      const most = Math.max(1, Math.floor((rate * readEveryMs) / 1000));
      const chunk = this.#take(Math.min(most, this.#socket.readableLength || 1));
      if (chunk) this.#queue.push(...this.#framer.push(chunk));
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        if (!this.#socket.destroyed) this.#read();
      }, readEveryMs);
    }
    this.#work();
  }

  #take(bytes?: number): Buffer | null {
    return this.#queue.length > 0 ? null : (this.#socket.read(bytes) as Buffer | null);
  }

  #work(): void {
    let message: Message | undefined;
    // As OFCONN_REPLY_MAX does: a client that does not take its replies is not read.
    while (!this.#socket.writableNeedDrain && (message = this.#queue.shift())) {
      if (message.type === type.setAsync) this.isWatcher = true;
      const { script } = this.#fake;
      if (this.isWatcher ? script.onMonitorMessage?.(message, this) : script.onMessage?.(message, this)) continue;
      this.handle(message);
    }
    if (this.#queue.length === 0 && this.#socket.readableLength > 0 && !this.#timer) setImmediate(() => this.#read());
  }

  /** As a good switch does. */
  handle(message: Message): void {
    const { log } = this.#fake;
    switch (message.type) {
      case type.hello:
      case type.echoReply:
        return;
      case type.error:
        log.push('error');
        return;
      case type.echoRequest:
        return this.send(frame(type.echoReply, message.xid, message.bytes.subarray(8)));
      case type.featuresRequest: {
        const body = Buffer.alloc(24);
        body.writeBigUInt64BE(0xabcdef012345n, 0);
        body.writeUInt8(254, 12);
        return this.send(frame(type.featuresReply, message.xid, body));
      }
      case type.barrierRequest:
        if (!this.isWatcher) log.push('barrier');
        return this.send(frame(type.barrierReply, message.xid));
      case type.multipartRequest:
        if (message.bytes.readUInt16BE(8) === multipart.flowMonitor) return this.#monitor(message);
        if (!this.isWatcher) log.push('dump');
        return this.dump(message);
      case type.setAsync:
        this.isForwarded = message.bytes.readUInt32BE(12) !== 0;
        return;
      case type.bundleControl:
        return this.#control(message);
      case type.bundleAdd:
        log.push('add');
        return this.#add(message);
      default: {
        const why = Tables.judge(message) ?? this.#fake.tables.apply(message);
        if (why) this.refuse(message, why);
        this.#fake.tell();
      }
    }
  }

  /** A request for a monitor that is refused is answered with an error of another xid. */
  refuseMonitor(message: Message): void {
    this.send(error(message.xid ^ 0x5eed, refusal.badMultipart, message.bytes));
  }

  #monitor(message: Message): void {
    const id = message.bytes.readUInt32BE(16);
    const isCancel = message.bytes.readUInt8(31) === 2;
    this.#fake.log.push(isCancel ? 'cancel' : 'monitor');
    if (isCancel !== (this.monitor === id)) return this.refuseMonitor(message);
    this.monitor = isCancel ? undefined : id;
    this.send(multipartReply(message.xid, multipart.flowMonitor, false, []));
  }

  #control(message: Message): void {
    const id = message.bytes.readUInt32BE(8);
    const kind = message.bytes.readUInt16BE(12);
    const flags = message.bytes.readUInt16BE(14);
    const bundle = this.#bundles.get(id);
    const reply = Buffer.from(message.bytes.subarray(8));
    reply.writeUInt16BE(kind + 1, 4);
    if (kind === control.open) {
      this.#fake.log.push('open');
      // Opening what is open destroys it.
      if (this.#bundles.delete(id)) return this.refuse(message, refusal.badBundleId);
      this.#bundles.set(id, { open: message, flags, messages: [] });
      return this.send(frame(type.bundleControl, message.xid, reply));
    }
    if (kind === control.commit) this.#fake.log.push('commit');
    if (kind === control.discard) this.#fake.log.push('discard');
    if (!bundle) return this.refuse(message, refusal.badBundleId);
    this.#bundles.delete(id);
    if (bundle.flags !== flags) return this.refuse(message, refusal.badFlags);
    if (kind === control.commit && !this.#commit(message, bundle)) return;
    this.send(frame(type.bundleControl, message.xid, reply));
  }

  #add(message: Message): void {
    const id = message.bytes.readUInt32BE(8);
    const flags = message.bytes.readUInt16BE(14);
    const inner = messageAt(message.bytes.subarray(16));
    let bundle = this.#bundles.get(id);
    // The trap that expiry ends in: an unknown id is simply begun.
    if (!bundle) this.#bundles.set(id, (bundle = { open: message, flags, messages: [] }));
    if (bundle.flags !== flags) {
      this.#bundles.delete(id);
      return this.refuse(message, refusal.badFlags);
    }
    if (inner.xid !== message.xid) return this.refuse(message, refusal.badXid);
    if (inner.type !== type.flowMod && inner.type !== type.groupMod) return this.refuse(message, refusal.unsupported);
    const scripted = inner.type === type.flowMod ? this.#fake.script.refuseAtAdd?.(readFlow(inner)) : undefined;
    const why = scripted ?? Tables.judge(inner);
    if (why) return this.refuse(message, why); // and the bundle stays open without it
    bundle.messages.push(inner);
  }

  #commit(message: Message, bundle: Bundle): boolean {
    const { tables, script } = this.#fake;
    const before = tables.copy();
    for (const inner of bundle.messages) {
      const scripted = inner.type === type.flowMod ? script.refuseAtCommit?.(readFlow(inner)) : undefined;
      const why = scripted ?? tables.apply(inner);
      if (!why) continue;
      tables.flows = before.flows;
      tables.groups = before.groups;
      tables.changes = [];
      tables.forwards = [];
      this.refuse(inner, why);
      this.refuse(message, refusal.messageFailed);
      return false;
    }
    this.#fake.tell();
    return true;
  }

  dump(message: Message): void {
    for (const part of this.parts(message)) this.send(part);
  }

  /** The answer to a multipart request, in parts. */
  parts(message: Message): Buffer[] {
    const kind = message.bytes.readUInt16BE(8);
    const { flows, groups } = this.#fake.tables;
    if (kind === multipart.meterDesc) return [multipartReply(message.xid, kind, false, [])];
    if (kind === multipart.groupDesc) {
      return [multipartReply(message.xid, kind, false, [...groups.values()].map(describeGroup))];
    }
    if (kind === multipart.portDesc) {
      return [multipartReply(message.xid, kind, false, Array.from({ length: this.#fake.ports }, describePort))];
    }
    if (kind === multipart.table) return [multipartReply(message.xid, kind, false, countTables(flows.values()))];
    const table = message.bytes.readUInt8(16);
    const entries = [...flows.values()].filter((flow) => table === 255 || flow.table === table).map(describeFlow);
    const parts: Buffer[] = [];
    do {
      const part = entries.splice(0, partSize);
      parts.push(multipartReply(message.xid, kind, entries.length > 0, part));
    } while (entries.length > 0);
    return parts;
  }
}
