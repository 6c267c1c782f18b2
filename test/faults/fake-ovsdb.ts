/**
 * A scriptable ovsdb-server on a unix socket: one database with a root row, monitors and transactions that always
 * succeed, and a vswitchd that acts on them at once (cur_cfg follows next_cfg).
 * Neighbour: fake-switch.ts is the same for OpenFlow.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Request {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What goes wrong. Every hook is optional. */
export interface DatabaseScript {
  /** Sees each request first; true: it is dealt with, or lost. */
  onRequest?(request: Request, client: DatabaseClient): boolean;
  /** What really goes out for one message. */
  onReply?(text: string): readonly string[];
}

export class FakeDatabase {
  script: DatabaseScript = {};
  /** Hears what the client answers to calls of the server. */
  onAnswer: (text: string) => void = () => {};
  nextCfg = 0;
  /** Somebody else has every lock that is asked for. */
  lockTaken = false;
  /** What monitors were asked for since, in order. */
  readonly since: unknown[] = [];
  readonly #clients = new Set<DatabaseClient>();
  readonly #dir = mkdtempSync(join(tmpdir(), 'sluice-faults-'));
  readonly #server: Server = createServer((socket) => {
    const client = new DatabaseClient(this, socket);
    this.#clients.add(client);
    socket.on('close', () => this.#clients.delete(client));
  });

  static async start(): Promise<FakeDatabase> {
    const database = new FakeDatabase();
    await new Promise<void>((resolve) => {
      database.#server.listen(database.#path, resolve);
    });
    return database;
  }

  get #path(): string {
    return join(this.#dir, 'db.sock');
  }

  get remote(): string {
    return `unix:${this.#path}`;
  }

  /** Every client is told. */
  notify(method: string, ...params: unknown[]): void {
    for (const client of this.#clients) client.send({ id: null, method, params });
  }

  dropAll(): void {
    for (const client of this.#clients) client.close();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.dropAll();
    await closed;
    rmSync(this.#dir, { recursive: true });
  }

  /** Whether it is a server of 2.12 or later, which knows monitor_cond_since. */
  hasSince = true;
  /** The last transaction's. */
  get lastId(): string {
    return `00000000-0000-4000-8000-${String(this.nextCfg + 100).padStart(12, '0')}`;
  }

  #row(): Record<string, unknown> {
    return { cur_cfg: this.nextCfg, next_cfg: this.nextCfg, ovs_version: '3.1.0', bridges: ['set', []] };
  }

  /** The table-updates object of the root row. */
  root(): Record<string, unknown> {
    return { Open_vSwitch: { '00000000-0000-4000-8000-000000000001': { new: this.#row() } } };
  }

  /** The same as table-updates2. */
  root2(): Record<string, unknown> {
    return { Open_vSwitch: { '00000000-0000-4000-8000-000000000001': { initial: this.#row() } } };
  }
}

/** One connection. */
export class DatabaseClient {
  readonly #database: FakeDatabase;
  readonly #socket: Socket;
  #text = '';
  #monitor = '';

  constructor(database: FakeDatabase, socket: Socket) {
    this.#database = database;
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    socket.on('error', () => socket.destroy());
  }

  close(): void {
    this.#socket.destroy();
  }

  send(...messages: unknown[]): void {
    const text = messages.map((message) => JSON.stringify(message)).join('');
    for (const piece of this.#database.script.onReply?.(text) ?? [text]) this.sendRaw(piece);
  }

  /** Past the script. */
  sendRaw(text: string): void {
    if (!this.#socket.destroyed) this.#socket.write(text);
  }

  reply(request: Request, result: unknown): void {
    this.send({ id: request.id, result, error: null });
  }

  fail(request: Request, error: unknown): void {
    this.send({ id: request.id, result: null, error });
  }

  /** As a good server does. */
  handle(request: Request): void {
    if (request.method === 'echo') return this.reply(request, request.params);
    if (request.method === 'lock') return this.reply(request, { locked: !this.#database.lockTaken });
    if (request.method === 'monitor') return this.reply(request, this.#database.root());
    if (request.method === 'monitor_cond_since' && this.#database.hasSince) {
      const [, id, , since] = request.params;
      this.#database.since.push(since);
      this.#monitor = String(id);
      return this.reply(request, [since === this.#database.lastId, this.#database.lastId, this.#database.root2()]);
    }
    if (request.method !== 'transact') return this.fail(request, { error: 'unknown method' });
    const operations = request.params.slice(1) as { readonly op: string }[];
    this.#database.nextCfg += 1;
    const rows = [{ next_cfg: this.#database.nextCfg }];
    this.reply(
      request,
      operations.map(({ op }) => (op === 'select' ? { rows } : { count: 1 })),
    );
    this.sendUpdate();
  }

  /** The root row as it is now. */
  sendUpdate(): void {
    const params = this.#database.hasSince
      ? [this.#monitor, this.#database.lastId, this.#database.root2()]
      : [null, this.#database.root()];
    this.send({ id: null, method: this.#database.hasSince ? 'update3' : 'update', params });
  }

  /** Requests of ours stand back to back, and hold no braces in strings. */
  #read(text: string): void {
    this.#text += text;
    let depth = 0;
    let begin = 0;
    for (let at = 0; at < this.#text.length; ++at) {
      const char = this.#text[at];
      if (char === '{') depth += 1;
      if (char !== '}' || --depth > 0) continue;
      const whole = this.#text.slice(begin, at + 1);
      begin = at + 1;
      const message = JSON.parse(whole) as Partial<Request>;
      if (message.method === undefined) {
        this.#database.onAnswer(whole);
        continue;
      }
      const request = { id: message.id, method: message.method, params: message.params ?? [] };
      if (!this.#database.script.onRequest?.(request, this)) this.handle(request);
    }
    this.#text = this.#text.slice(begin);
  }
}
