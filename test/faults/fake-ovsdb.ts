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

  /** The table-updates object of the root row. */
  root(): Record<string, unknown> {
    const row = { cur_cfg: this.nextCfg, next_cfg: this.nextCfg, ovs_version: '3.1.0', bridges: ['set', []] };
    return { Open_vSwitch: { '00000000-0000-4000-8000-000000000001': { new: row } } };
  }
}

/** One connection. */
export class DatabaseClient {
  readonly #database: FakeDatabase;
  readonly #socket: Socket;
  #text = '';

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
    if (request.method === 'monitor') return this.reply(request, this.#database.root());
    if (request.method !== 'transact') return this.fail(request, { error: 'unknown method' });
    const operations = request.params.slice(1) as { readonly op: string }[];
    this.#database.nextCfg += 1;
    const rows = [{ next_cfg: this.#database.nextCfg }];
    this.reply(
      request,
      operations.map(({ op }) => (op === 'select' ? { rows } : { count: 1 })),
    );
    this.send({ id: null, method: 'update', params: [null, this.#database.root()] });
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
