/**
 * The API's client over the unix socket, on node:http alone, so that a command starts in the time Node does.
 * Neighbours: src/cli. Types are those of the daemon's answers.
 * Invariant: every failure is an ApiError (the daemon answered) or Unreachable (it did not).
 */
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { DatapathEvent, DropCount, FlowLine, Level, LongRun, TraceResult } from '../datapath/face.js';
import type { Ref } from '../model/index.js';
import type {
  Adoption,
  ApplyAnswer,
  DaemonStatus,
  EffectiveSetting,
  ObjectAnswer,
  UplinkStatus,
} from './schemas/answers.js';
import { pathOf } from './schemas/kinds.js';
import type { ProblemDocument } from './schemas/problem.js';

export type {
  Adoption,
  ApplyAnswer,
  DaemonStatus,
  DropCount,
  EffectiveSetting,
  FlowLine,
  Level,
  LongRun,
  ObjectAnswer,
  ProblemDocument,
  Ref,
  TraceResult,
  UplinkStatus,
};

/** The daemon refused; `problem` says why. */
export class ApiError extends Error {
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(problem.detail);
    this.name = 'ApiError';
    this.problem = problem;
  }
}

/** Nobody answered. `code` is the system's: ENOENT, ECONNREFUSED, EACCES, ECONNRESET. */
export class Unreachable extends Error {
  readonly socket: string;
  readonly code: string;
  /** The request had been sent: whether it was carried out is not known. */
  readonly sent: boolean;

  constructor(socket: string, code: string, sent: boolean) {
    super(`no answer on ${socket} (${code})`);
    this.name = 'Unreachable';
    this.socket = socket;
    this.code = code;
    this.sent = sent;
  }
}

/** What the daemon saw or did, and when. */
export type DaemonEvent = DatapathEvent & { readonly at: string };

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Call {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
}

export interface ApplyBody {
  readonly objects: readonly unknown[];
  readonly delete?: readonly unknown[];
}

export interface ChangeOptions {
  readonly level?: Level;
  readonly cascade?: boolean;
  readonly dryRun?: boolean;
  readonly mode?: 'atomic' | 'staged';
}

export interface FlowsOptions {
  readonly owner?: string;
  readonly table?: string;
  readonly source?: string;
}

export class SluiceClient {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  apply(body: ApplyBody, options: ChangeOptions = {}): Promise<ApplyAnswer> {
    return this.#json({ method: 'POST', path: '/v1/apply', query: { ...options }, body });
  }

  get(ref: Ref): Promise<ObjectAnswer> {
    return this.#json({ method: 'GET', path: pathOf(ref) });
  }

  async list(kind: string): Promise<readonly ObjectAnswer[]> {
    const { items } = await this.#json<{ items: ObjectAnswer[] }>({ method: 'GET', path: `/v1/${kind}` });
    return items;
  }

  delete(ref: Ref, options: ChangeOptions = {}): Promise<ApplyAnswer> {
    return this.#json({ method: 'DELETE', path: pathOf(ref), query: { ...options } });
  }

  async flows(options: FlowsOptions): Promise<readonly FlowLine[]> {
    const { flows } = await this.#json<{ flows: FlowLine[] }>({
      method: 'GET',
      path: '/v1/flows',
      query: { ...options },
    });
    return flows;
  }

  async drops(): Promise<readonly DropCount[]> {
    const { drops } = await this.#json<{ drops: DropCount[] }>({ method: 'GET', path: '/v1/drops' });
    return drops;
  }

  flowsText(options: FlowsOptions): Promise<string> {
    return this.#text({ method: 'GET', path: '/v1/flows', query: { ...options, format: 'text' } });
  }

  trace(query: Query): Promise<TraceResult> {
    return this.#json({ method: 'GET', path: '/v1/trace', query });
  }

  /** Changes these settings and no others; null resets one. */
  patchSettings(
    fields: Readonly<Record<string, unknown>>,
    options: { level?: Level; dryRun?: boolean } = {},
  ): Promise<ApplyAnswer> {
    return this.#json({ method: 'PATCH', path: '/v1/settings', query: { ...options }, body: fields });
  }

  async config(): Promise<readonly EffectiveSetting[]> {
    const { settings } = await this.#json<{ settings: EffectiveSetting[] }>({ method: 'GET', path: '/v1/config' });
    return settings;
  }

  /** Cards whose host addresses an uplink bridge carries, or carried. */
  async adoptions(): Promise<readonly Adoption[]> {
    const { adoptions } = await this.#json<{ adoptions: Adoption[] }>({ method: 'GET', path: '/v1/uplink' });
    return adoptions;
  }

  /** Keeps moved host addresses where they are; answers whose. */
  async confirmUplinks(): Promise<readonly string[]> {
    const call = { method: 'POST', path: '/v1/uplink/confirm' } as const;
    return (await this.#json<{ confirmed: string[] }>(call)).confirmed;
  }

  resync(): Promise<{ readonly flowsRead: number; readonly sent: number }> {
    return this.#json({ method: 'POST', path: '/v1/resync' });
  }

  async retry(): Promise<number> {
    const { retried } = await this.#json<{ retried: number }>({ method: 'POST', path: '/v1/retry' });
    return retried;
  }

  status(): Promise<DaemonStatus> {
    return this.#json({ method: 'GET', path: '/v1/status' });
  }

  /** Calls `heard` for each event until the daemon ends the stream. */
  async events(heard: (event: DaemonEvent) => void): Promise<void> {
    let rest = '';
    await this.#text({ method: 'GET', path: '/v1/events' }, (piece) => {
      const lines = `${rest}${piece}`.split('\n');
      rest = lines.pop() ?? '';
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the daemon is of the same build
      for (const line of lines) heard(JSON.parse(line) as DaemonEvent);
    });
  }

  async #json<T>(call: Call): Promise<T> {
    // The daemon is of the same build; its answers have the types it was compiled with.
    return JSON.parse(await this.#text(call)) as T; // oxlint-disable-line typescript/no-unsafe-type-assertion
  }

  /** The whole answer; with `piece`, a good answer is handed over as it comes and nothing is kept. */
  #text({ method, path, query = {}, body }: Call, piece?: (text: string) => void): Promise<string> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { socket } = this;
    return new Promise((resolve, reject) => {
      let sent = false;
      const fail = (error: NodeJS.ErrnoException): void => reject(new Unreachable(socket, error.code ?? 'error', sent));
      const outgoing = request(
        {
          socketPath: socket,
          method,
          path: parameters.size === 0 ? path : `${path}?${parameters.toString()}`,
          headers:
            text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        },
        (response) => {
          response.on('error', fail);
          if (piece !== undefined && response.statusCode === 200) {
            response.setEncoding('utf8').on('data', piece);
            response.on('end', () => resolve(''));
            return;
          }
          readAll(response, (answer) => {
            if ((response.statusCode ?? 500) < 400) resolve(answer);
            else reject(new ApiError(problemOf(answer, response)));
          });
        },
      );
      outgoing.on('socket', (each) => {
        // A connection kept from an earlier call is open already.
        if (each.connecting) each.once('connect', () => (sent = true));
        else sent = true;
      });
      outgoing.on('error', fail);
      outgoing.end(text);
    });
  }
}

function readAll(response: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => done(Buffer.concat(chunks).toString('utf8')));
}

/** An answer that is not ours (another program on the socket) is still told apart. */
function problemOf(text: string, { statusCode = 500, headers }: IncomingMessage): ProblemDocument {
  if (headers['content-type']?.startsWith('application/problem+json') === true) {
    return JSON.parse(text) as ProblemDocument; // oxlint-disable-line typescript/no-unsafe-type-assertion
  }
  const detail = `The answer is not Sluice's: HTTP ${statusCode}.`;
  const fixed = { type: 'about:blank', title: detail, todo: '', instance: '', retryable: false, problems: [] };
  return { ...fixed, status: statusCode, code: 'internal', detail };
}
