/**
 * JsonRpc: one JSON-RPC 1.0 stream to ovsdb-server (RFC 7047). C++ frames it, answers the peer's echo, probes a silent
 * peer, matches replies and reconnects (native/core/jsonrpc); the JSON itself is parsed here, by V8.
 * Neighbours: src/datapath's OVSDB client; unixctl.ts.
 */
import { NativeError, toNativeError } from './errors.js';
import { addon, type RawJsonRpc, type RawJsonRpcEvent } from './loader.js';

export interface JsonRpcOptions {
  /** The stream stands (again): nothing of an earlier one is left, monitors included. */
  onUp(): void;
  /** It is lost, or cannot be had; a reason is reported once, not at every attempt. */
  onDown(reason: string): void;
  /** A notification: `update`, `update2`, `update3`, `locked`, `stolen`… */
  onNotify(method: string, params: unknown): void;
  /** How long the peer may be silent before it is asked, and again before it is given up. 0: never. Default 5000. */
  readonly probeMs?: number;
}

/** Lives until close(), and keeps the process alive until then; dropping the last reference does not close it. */
export class JsonRpc {
  readonly #raw: RawJsonRpc;
  readonly #options: JsonRpcOptions;
  #remote = '';
  /** Why the stream is being given up; what still comes of it is not delivered. */
  #fault: string | undefined;

  /** Throws `addon_missing`. */
  constructor(options: JsonRpcOptions) {
    this.#options = options;
    const deliver = (events: readonly RawJsonRpcEvent[]): void => {
      for (const event of events) this.#deliver(event);
    };
    const probeMs = options.probeMs ?? 5000;
    try {
      this.#raw = probeMs === 0 ? new (addon().JsonRpc)(deliver) : new (addon().JsonRpc)(deliver, probeMs);
    } catch (thrown) {
      throw toNativeError(thrown);
    }
  }

  /**
   * Dials `unix:<path>`, `tcp:<IPv4>:<port>`, `tcp:[<IPv6>]:<port>` or `unixctl:<rundir>/<target>`, and dials again for
   * ever, with back-off from 50 ms to 5 s. A second call replaces the remote. Throws `invalid_remote`, `closed`.
   */
  connect(remote: string): void {
    this.#remote = remote;
    try {
      this.#raw.connect(remote);
    } catch (thrown) {
      throw toNativeError(thrown);
    }
  }

  /**
   * The result member of the answer. Rejects with `rpc_error` (`details` is the error member), `unavailable` when the
   * stream is or goes down before the answer, `closed`. Nothing is sent again after a reconnect.
   */
  async request(method: string, params: readonly unknown[]): Promise<unknown> {
    let reply;
    try {
      reply = await this.#raw.request(JSON.stringify(method), JSON.stringify(params));
    } catch (thrown) {
      throw toNativeError(thrown);
    }
    if (reply.error === undefined) return parse(reply.result ?? 'null');
    const details = parse(reply.error);
    throw new NativeError('rpc_error', `${method}: ${errorText(details)}`, { details });
  }

  /** Requests that are open are rejected with `closed`. May be called twice. */
  close(): void {
    this.#raw.close();
  }

  #deliver(event: RawJsonRpcEvent): void {
    if (event.type === 'up') return this.#options.onUp();
    if (event.type === 'down') {
      const reason = this.#fault ?? event.reason;
      this.#fault = undefined;
      return this.#options.onDown(reason);
    }
    if (this.#fault !== undefined) return;
    let method, params;
    try {
      method = String(parse(event.method));
      params = parse(event.params);
    } catch (thrown) {
      return this.#giveUp(toNativeError(thrown).message);
    }
    this.#options.onNotify(method, params);
  }

  /** What the notification said is lost, so whatever is built on the stream must begin anew. */
  #giveUp(reason: string): void {
    this.#fault = reason;
    try {
      this.#raw.connect(this.#remote);
    } catch {
      // Closed meanwhile: nobody waits for it.
    }
  }
}

/** C++ only matched brackets: what lies between them may still be no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NativeError('internal', 'the peer sent what is not JSON', { cause });
  }
}

/** OVSDB's errors are `{error, details}` (RFC 7047 §3.1), those of a control socket plain strings. */
function errorText(details: unknown): string {
  if (typeof details === 'string') return details.trim();
  if (typeof details === 'object' && details !== null && 'error' in details) {
    const more = 'details' in details ? `: ${String(details.details)}` : '';
    return `${String(details.error)}${more}`;
  }
  return JSON.stringify(details);
}
