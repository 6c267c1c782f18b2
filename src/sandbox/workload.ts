/**
 * A workload: a network namespace whose only interface `eth0` is the other end of a veth in its host's namespace.
 * Neighbours: lab.ts makes them; probe.ts (TCP, UDP), ping.ts and capture.ts are its tools.
 * Invariant: the addresses given at the start are what it uses until the caller spoofs.
 */
import { startCapture, type Capture } from './capture.js';
import { run, until } from './exec.js';
import { startPing, type PingOptions, type PingResult, type RunningPing } from './ping.js';
import { fallsSilent, grows, type Opened, Probe } from './probe.js';
import type { Entry } from './registry.js';

export interface WorkloadOptions {
  readonly name: string;
  /** The name of the veth's end in the host's namespace, which goes on the bridge. */
  readonly interface: string;
  readonly mac: string;
  /** With prefix length: `10.1.1.10/24`. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** IPv4 default router. */
  readonly gateway?: string;
  readonly gateway6?: string;
  /** Default 1450, which leaves room for VXLAN in an underlay of 1500. */
  readonly mtu?: number;
}

export type TcpVerdict = 'connected' | 'refused' | 'timeout';
export type UdpVerdict = 'answered' | 'refused' | 'timeout';

/** A live TCP stream that the server pushes; `bytes` counts what has arrived. */
export interface Subscription extends Opened {
  /** Waits until this many more bytes have arrived. */
  waitForBytes(more: number, timeoutMs?: number): Promise<void>;
  /** Waits until nothing arrived for `quietMs`; answers how many ms after the call the last byte came. */
  waitForSilence(quietMs: number, timeoutMs?: number): Promise<number>;
}

const rawSend = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('eth0', 0))
for line in sys.stdin: s.send(bytes.fromhex(line))`;

export class Workload {
  readonly name: string;
  readonly netns: string;
  readonly options: WorkloadOptions;
  private readonly entry: Entry;
  private readonly probe: Probe;

  constructor(entry: Entry, netns: string, options: WorkloadOptions) {
    this.entry = entry;
    this.netns = netns;
    this.name = options.name;
    this.options = options;
    this.probe = new Probe(entry, netns);
  }

  /** Runs a program inside the workload; answers its stdout. */
  exec(command: string, ...args: string[]): Promise<string> {
    return run(command, args, { netns: this.netns });
  }

  ping(address: string, options?: PingOptions): Promise<PingResult> {
    return startPing(this.netns, address, options).result;
  }

  /** Pings until stopped. */
  startPing(address: string, options?: Omit<PingOptions, 'count'>): RunningPing {
    return startPing(this.netns, address, { ...options, count: 0 });
  }

  /** Pings until the first reply: the first packets over a fresh tunnel are spent on resolving the peer. */
  async waitForPing(address: string, timeoutMs = 10_000): Promise<void> {
    const once = async () => (await this.ping(address, { count: 1, timeoutMs: 200 })).received > 0;
    await until(`${this.name} reaches ${address}`, once, { timeoutMs });
  }

  /** Tries one TCP connection. */
  async connect(address: string, port: number, timeoutMs = 1_000): Promise<TcpVerdict> {
    const result = await this.probe.request({ do: 'connect', host: address, port, timeoutMs });
    if (result === 'connected' || result === 'refused' || result === 'timeout') return result;
    throw new Error(`${this.name} to ${address}:${port}: ${result}`);
  }

  /** Sends one datagram and waits for its echo. */
  async udp(address: string, port: number, timeoutMs = 1_000): Promise<UdpVerdict> {
    const result = await this.probe.request({ do: 'udp', host: address, port, timeoutMs });
    if (result === 'answered' || result === 'refused' || result === 'timeout') return result;
    throw new Error(`${this.name} to ${address}:${port}/udp: ${result}`);
  }

  /** Accepts TCP connections and echoes what they send. */
  listen(port: number): Promise<Opened> {
    return this.probe.open({ do: 'listen', port }, 'listening');
  }

  /** Accepts UDP datagrams and echoes them. */
  listenUdp(port: number): Promise<Opened> {
    return this.probe.open({ do: 'listenUdp', port }, 'listening');
  }

  /** Takes UDP datagrams without an answer and counts them. */
  sinkUdp(port: number): Promise<Opened> {
    return this.probe.open({ do: 'sinkUdp', port }, 'listening');
  }

  /** Sends UDP at `rate` bits of payload a second until closed. */
  stream(address: string, port: number, rate: number): Promise<Opened> {
    return this.probe.open({ do: 'stream', host: address, port, rate }, 'sending');
  }

  /** Accepts TCP connections and pushes 64 bytes to each of them this often. */
  serve(port: number, options: { readonly pushEveryMs?: number } = {}): Promise<Opened> {
    return this.probe.open({ do: 'listen', port, pushEveryMs: options.pushEveryMs ?? 10 }, 'listening');
  }

  /** Connects to a `serve` and counts what it pushes; pushes 64 bytes back this often, if at all. */
  async subscribe(
    address: string,
    port: number,
    { timeoutMs = 5_000, pushEveryMs }: { readonly timeoutMs?: number; readonly pushEveryMs?: number } = {},
  ): Promise<Subscription> {
    const pushing = pushEveryMs === undefined ? {} : { pushEveryMs };
    const request = { do: 'subscribe', host: address, port, timeoutMs, ...pushing } as const;
    const opened = await this.probe.open(request, 'connected');
    return {
      get bytes() {
        return opened.bytes;
      },
      get clients() {
        return opened.clients;
      },
      close: () => opened.close(),
      waitForBytes: (more, within = 5_000) => grows(opened, more, within),
      waitForSilence: (quietMs, within = 10_000) => fallsSilent(opened, quietMs, within),
    };
  }

  /** Sends whole Ethernet frames as they are, each `count` times. */
  async sendFrame(frame: Uint8Array, count = 1): Promise<void> {
    const line = `${Buffer.from(frame).toString('hex')}\n`;
    await run('/usr/bin/python3', ['-c', rawSend], { netns: this.netns, input: line.repeat(count) });
  }

  /** Changes the address eth0 sends from: a spoof, unless the controller is told. */
  async setMac(mac: string): Promise<void> {
    await run('ip', ['-n', this.netns, 'link', 'set', 'eth0', 'address', mac]);
  }

  /** Adds an address (with prefix length) to send from. */
  async addAddress(cidr: string): Promise<void> {
    await run('ip', ['-n', this.netns, 'addr', 'add', cidr, 'dev', 'eth0', ...(cidr.includes(':') ? ['nodad'] : [])]);
  }

  async removeAddress(cidr: string): Promise<void> {
    await run('ip', ['-n', this.netns, 'addr', 'del', cidr, 'dev', 'eth0']);
  }

  /** Forgets resolved neighbours, so that the next packet asks again. */
  async flushNeighbours(): Promise<void> {
    await run('ip', ['-n', this.netns, 'neigh', 'flush', 'all']);
  }

  /** tcpdump on eth0. */
  capture(filter?: string): Promise<Capture> {
    return startCapture(this.entry, this.netns, 'eth0', filter);
  }

  stop(): Promise<void> {
    return this.probe.stop();
  }
}
