/**
 * Our end of a workload's agent: requests out, answers and counters in.
 * Neighbours: agent.ts is the other end; workload.ts gives this its words. The agent starts with the first request.
 * Invariant: every request is answered or rejected, also when the agent dies.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type AgentReply, type AgentRequest, agentSource } from './agent.js';
import { leashed, toolPath, until } from './exec.js';
import type { Entry } from './registry.js';

type Answer = { resolve(result: string): void; reject(error: Error): void };

/** Something open in the agent. Counters are what it has reported so far. */
export interface Opened {
  readonly bytes: number;
  /** Connections, or datagrams, taken so far. */
  readonly clients: number;
  close(): Promise<void>;
}

export class Probe {
  private child: ChildProcess | undefined;
  private nextId = 1;
  private readonly waiting = new Map<number, Answer>();
  private readonly totals = new Map<number, { bytes: number; clients: number }>();
  private readonly entry: Entry;
  private readonly netns: string;

  constructor(entry: Entry, netns: string) {
    this.entry = entry;
    this.netns = netns;
  }

  async request(request: Omit<AgentRequest, 'id'>): Promise<string> {
    return this.send(this.nextId++, request);
  }

  /** Like request, for what stays open; throws unless the agent answers `expected`. */
  async open(request: Omit<AgentRequest, 'id'>, expected: string): Promise<Opened> {
    const id = this.nextId++;
    const totals = { bytes: 0, clients: 0 };
    this.totals.set(id, totals);
    const result = await this.send(id, request);
    if (result !== expected) throw new Error(`${request.do} ${request.host ?? ''}:${request.port ?? ''}: ${result}`);
    return {
      get bytes() {
        return totals.bytes;
      },
      get clients() {
        return totals.clients;
      },
      close: async () => void (await this.request({ do: 'close', handle: id })),
    };
  }

  async stop(): Promise<void> {
    const child = this.child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await ended;
  }

  private async send(id: number, request: Omit<AgentRequest, 'id'>): Promise<string> {
    const child = (this.child ??= this.start());
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  private start(): ChildProcess {
    const [file, args] = leashed(this.netns, process.execPath, ['-e', agentSource]);
    const child = spawn(file, args, {
      env: { PATH: toolPath },
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true, // Ctrl-C is for us
    });
    if (child.pid !== undefined) this.entry.addProcess(child.pid);
    createInterface({ input: child.stdout }).on('line', (line) => this.take(JSON.parse(line)));
    child.stdin.on('error', () => {});
    const lost = (why: string) => {
      if (child.pid !== undefined) this.entry.removeProcess(child.pid);
      for (const answer of this.waiting.values()) answer.reject(new Error(`the agent in ${this.netns} ended: ${why}`));
      this.waiting.clear();
      this.child = undefined;
    };
    child.once('error', (error) => lost(error.message));
    child.once('exit', (status, signal) => lost(String(status ?? signal)));
    return child;
  }

  private take(reply: AgentReply): void {
    if ('handle' in reply) {
      const totals = this.totals.get(reply.handle);
      if (totals !== undefined) Object.assign(totals, { bytes: reply.bytes, clients: reply.clients });
    } else {
      this.waiting.get(reply.id)?.resolve(reply.result);
      this.waiting.delete(reply.id);
    }
  }
}

/** Waits until a counter has grown by `more`. */
export async function grows(opened: Opened, more: number, timeoutMs: number): Promise<void> {
  const goal = opened.bytes + more;
  await until(`${goal} bytes have arrived`, () => opened.bytes >= goal, {
    timeoutMs,
    detail: () => `${opened.bytes} so far`,
  });
}

/** Waits until nothing has arrived for `quietMs`; answers how long after the call the last byte came. */
export async function fallsSilent(opened: Opened, quietMs: number, timeoutMs: number): Promise<number> {
  const begun = performance.now();
  let last = begun;
  let seen = opened.bytes;
  await until(
    `nothing arrives for ${quietMs} ms`,
    () => {
      const now = performance.now();
      if (opened.bytes !== seen) [seen, last] = [opened.bytes, now];
      return now - last >= quietMs;
    },
    { timeoutMs, detail: () => `${opened.bytes} bytes so far` },
  );
  return last - begun;
}
