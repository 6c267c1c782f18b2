/**
 * The floor: flow mods that are encoded already go into the switch as fast as it takes them, and nothing else is done.
 * Neighbours: bulk.ts compares the engine with it. It knows the few OpenFlow 1.5 bytes it needs by itself, so that a
 * mistake in src/openflow or native/ cannot make the floor slower or faster.
 * Invariant: the clock stops when the switch has answered a barrier behind the last message, and an error is a failure.
 */
import { connect, type Socket } from 'node:net';

export interface ReplayOptions {
  /** Messages in each bundle; 0 sends them without bundles. Default 1,000, as the engine's staged mode does. */
  readonly bundle?: number;
  /** Bytes handed to the socket at once; default 256 KiB. */
  readonly writeBytes?: number;
}

const writeAtOnce = 256 << 10;
const version = 6;
const type = {
  hello: 0,
  error: 1,
  echoRequest: 2,
  echoReply: 3,
  multipartRequest: 18,
  multipartReply: 19,
  barrierRequest: 20,
  barrierReply: 21,
  meterMod: 29,
  bundleControl: 33,
  bundleAdd: 34,
};
const bundleType = { open: 0, commit: 4 };
/** OFPBF_ATOMIC | OFPBF_ORDERED */
const bundleFlags = 3;

/** OpenFlow messages back to back, one by one. */
export function* messagesIn(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (length < 8 || at + length > bytes.length) throw new Error(`a message of ${length} bytes at offset ${at}`);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** The messages of a batch without its owner markers (version 0). */
export function withoutMarkers(batch: Uint8Array): Uint8Array[] {
  return [...messagesIn(batch)].filter((message) => message[0] === version);
}

/** The meters of a batch: no bundle takes them, and the flows that use them need them first. */
export function metersIn(messages: readonly Uint8Array[]): Uint8Array[] {
  return messages.filter((message) => message[1] === type.meterMod);
}

/** Everything that goes over the wire, in one buffer: meters, bundles (or bare messages), then a barrier with the highest xid. */
export function encodeReplay(all: readonly Uint8Array[], bundle = 1000): { bytes: Buffer; barrierXid: number } {
  const meters = metersIn(all);
  const messages = all.filter((message) => message[1] !== type.meterMod);
  const bundles = bundle === 0 ? 0 : Math.ceil(messages.length / bundle);
  const size =
    all.reduce((sum, one) => sum + one.length, 0) + (bundle === 0 ? 0 : messages.length * 16 + bundles * 32) + 8;
  const bytes = Buffer.alloc(size);
  let at = 0;
  let xid = 1;
  const header = (kind: number, length: number, id: number) => {
    bytes[at] = version;
    bytes[at + 1] = kind;
    bytes.writeUInt16BE(length, at + 2);
    bytes.writeUInt32BE(id, at + 4);
    at += 8;
  };
  const control = (id: number, what: number) => {
    header(type.bundleControl, 16, xid++);
    bytes.writeUInt32BE(id, at);
    bytes.writeUInt16BE(what, at + 4);
    bytes.writeUInt16BE(bundleFlags, at + 6);
    at += 8;
  };
  for (const meter of meters) {
    bytes.set(meter, at);
    bytes.writeUInt32BE(xid++, at + 4);
    at += meter.length;
  }
  messages.forEach((message, index) => {
    const id = bundle === 0 ? 0 : Math.floor(index / bundle) + 1;
    if (bundle !== 0 && index % bundle === 0) control(id, bundleType.open);
    if (bundle !== 0) {
      header(type.bundleAdd, 16 + message.length, xid);
      bytes.writeUInt32BE(id, at);
      bytes.writeUInt16BE(bundleFlags, at + 6);
      at += 8;
    }
    bytes.set(message, at);
    bytes.writeUInt32BE(xid++, at + 4); // the inner xid has to be the outer one
    at += message.length;
    if (bundle !== 0 && (index % bundle === bundle - 1 || index === messages.length - 1))
      control(id, bundleType.commit);
  });
  header(type.barrierRequest, 8, xid);
  return { bytes, barrierXid: xid };
}

/** Sends `encodeReplay`'s bytes to `unix:<path>`; answers the seconds from the first write to the barrier's reply. */
export async function replay(
  remote: string,
  encoded: { bytes: Buffer; barrierXid: number },
  writeBytes = writeAtOnce,
): Promise<number> {
  const socket = await greet(remote);
  try {
    const begun = performance.now();
    await Promise.all([send(socket, encoded.bytes, writeBytes), barrier(socket, encoded.barrierXid)]);
    return (performance.now() - begun) / 1000;
  } finally {
    socket.destroy();
  }
}

/** The same over several connections, a bundle to each in turn: for messages whose order does not matter. */
export async function replayTogether(
  remote: string,
  messages: readonly Uint8Array[],
  { connections, bundle }: { connections: number; bundle: number },
): Promise<number> {
  const shares = Array.from({ length: connections }, (): Uint8Array[] => []);
  messages.forEach((message, index) => shares[Math.floor(index / bundle) % connections]?.push(message));
  const sockets: Socket[] = [];
  try {
    const encoded = shares.filter((share) => share.length > 0).map((share) => encodeReplay(share, bundle));
    for (const _ of encoded) sockets.push(await greet(remote));
    const begun = performance.now();
    await Promise.all(sockets.map((socket, i) => confirmed(socket, encoded[i])));
    return (performance.now() - begun) / 1000;
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function confirmed(socket: Socket, encoded: ReturnType<typeof encodeReplay> | undefined): Promise<void> {
  if (encoded === undefined) return;
  await Promise.all([send(socket, encoded.bytes, writeAtOnce), barrier(socket, encoded.barrierXid)]);
}

/** One timed replay of plain messages. */
export function replayMessages(
  remote: string,
  messages: readonly Uint8Array[],
  options: ReplayOptions = {},
): Promise<number> {
  return replay(remote, encodeReplay(messages, options.bundle), options.writeBytes);
}

/** A connection on which both sides have said hello. */
export async function greet(remote: string): Promise<Socket> {
  const socket = connect(remote.replace(/^unix:/, ''));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', () => resolve()); // its hello
    socket.write(Buffer.from([version, type.hello, 0, 8, 0, 0, 0, 0]));
  });
  return socket;
}

async function send(socket: Socket, bytes: Buffer, writeBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += writeBytes) {
    if (!socket.write(bytes.subarray(at, at + writeBytes))) {
      await new Promise<void>((resolve) => socket.once('drain', resolve));
    }
  }
}

/** Reads all the while: a switch whose replies are not read stops reading. */
function barrier(socket: Socket, xid: number): Promise<void> {
  return until(socket, (message) => message[1] === type.barrierReply && message.readUInt32BE(4) === xid);
}

/** Resolves at the first message that `last` takes; answers echo requests meanwhile, and an error is a failure. */
export function until(socket: Socket, last: (message: Buffer) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest: Buffer = Buffer.alloc(0);
    const finish = (error?: Error) => {
      socket.off('error', finish).off('close', closed).off('data', read);
      if (error === undefined) resolve();
      else reject(error);
    };
    const closed = () => finish(new Error('the switch closed the connection'));
    const read = (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= 8 && rest.length >= rest.readUInt16BE(2)) {
        const message = rest.subarray(0, rest.readUInt16BE(2));
        rest = rest.subarray(message.length);
        if (message[1] === type.echoRequest) {
          socket.write(Buffer.concat([Buffer.from([version, type.echoReply]), message.subarray(2)]));
        } else if (message[1] === type.error) {
          const said = `type ${message.readUInt16BE(8)} code ${message.readUInt16BE(10)}`;
          return finish(new Error(`the switch refused xid ${message.readUInt32BE(4)}: ${said}`));
        } else if (last(message)) return finish();
      }
    };
    socket.on('error', finish).on('close', closed).on('data', read);
  });
}

/** Asks for the description of every flow (OFPMP_FLOW_DESC); answers the seconds from the request to the last part. */
export async function dumpOnce(socket: Socket): Promise<number> {
  const request = Buffer.alloc(56);
  request.set([version, type.multipartRequest, 0, 56, 0, 0, 0, 1, 0, 1]);
  request[16] = 0xff; // OFPTT_ALL
  request.fill(0xff, 20, 28); // OFPP_ANY, OFPG_ANY
  request.set([0, 1, 0, 4], 48); // an empty OXM match
  const begun = performance.now();
  const done = until(socket, (message) => message[1] === type.multipartReply && (message.readUInt16BE(10) & 1) === 0);
  socket.write(request);
  await done;
  return (performance.now() - begun) / 1000;
}

/** Sends a bundle in one write; answers the seconds until the switch has answered its COMMIT. */
export async function commitOnce(socket: Socket, encoded: { bytes: Buffer }): Promise<number> {
  const begun = performance.now();
  const committed = until(
    socket,
    (message) => message[1] === type.bundleControl && message.readUInt16BE(12) === bundleType.commit + 1,
  );
  socket.write(encoded.bytes.subarray(0, -8)); // without the barrier
  await committed;
  return (performance.now() - begun) / 1000;
}

/** The seconds that one echo takes. */
export async function echoOnce(socket: Socket): Promise<number> {
  const begun = performance.now();
  const answered = until(socket, (message) => message[1] === type.echoReply);
  socket.write(Buffer.from([version, type.echoRequest, 0, 8, 0, 0, 0, 1]));
  await answered;
  return (performance.now() - begun) / 1000;
}
