/**
 * Cuts the connections that a new policy denies (`onPolicyChange: cut`): drops stand in both orientations, then conntrack forgets them.
 * Neighbours: reconciler.ts calls it after a commit; src/pipeline/cut.ts writes the drops; packet-desk.ts forgets.
 * Invariants: nothing is forgotten before the datapath drops what its ends still send; a connection that is allowed again may be begun
 * again by its client, and by nobody else; the drops go by themselves when nobody can still be sending.
 */
import {
  AddressBook,
  denies,
  deniesEveryPort,
  isLinkLocal,
  type Address,
  type Connection,
  type State,
} from '../../model/index.js';
import { Batch } from '../../openflow/index.js';
import { compileCuts, type CutConnection } from '../../pipeline/cut.js';
import type { Logger } from '../log.js';
import { readConntrack, type Tracked } from './conntrack-dump.js';

export interface CutterParts {
  readonly log: Logger;
  /** Microseconds, monotonic. */
  readonly clock: () => number;
  state(): State;
  /** A command of vswitchd's control socket. */
  ask(command: string, ...args: string[]): Promise<string>;
  /** Commit a batch. */
  commit(batch: Uint8Array): Promise<unknown>;
  forget(connections: readonly Tracked[]): Promise<void>;
  /** Some drops have stood long enough: call `run` again. */
  expired(): void;
}

const tcp = 6;
const udp = 17;
const sctp = 132;

/**
 * How long the drops of a connection stand, by protocol. TCP: Linux sends unacknowledged data for 924 s (tcp_retries2 of 15), the last time 120 s after
 * the one before. UDP: as long as conntrack remembers a stream. SCTP: ten retransmissions, 60 s apart at most
 * (RFC 9260 §16).
 */
const holdUs: ReadonlyMap<number, number> = new Map([
  [tcp, 1050 * 1e6],
  [udp, 180 * 1e6],
  [sctp, 660 * 1e6],
]);
/** Drops are two flows a connection. What is beyond is not forgotten either, so that policy goes on dropping it. */
const mostCuts = 20_000;

interface Cut {
  readonly connection: CutConnection;
  readonly untilUs: number;
}

function keyOf({ zone, protocol, source, destination, sourcePort, destinationPort }: CutConnection): string {
  const text = (address: Address): string => (typeof address === 'number' ? String(address) : address.join('.'));
  return `${zone} ${protocol} ${text(source)} ${sourcePort} ${text(destination)} ${destinationPort}`;
}

export class Cutter {
  readonly #parts: CutterParts;
  /** The drops that stand. */
  #cuts = new Map<string, Cut>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: CutterParts) {
    this.#parts = parts;
  }

  /** What a commit of everything has to hold besides the objects' flows. */
  get connections(): readonly CutConnection[] {
    return [...this.#cuts.values()].map(({ connection }) => connection);
  }

  /** Whether a round has anything to ask here. */
  get isNeeded(): boolean {
    return this.#cuts.size > 0 || this.#parts.state().settings.onPolicyChange === 'cut';
  }

  /** The policy in the switch is that of the state: cut what it denies. Answers how many connections were cut. */
  async run(): Promise<number> {
    const { clock } = this.#parts;
    const state = this.#parts.state();
    const judge = new Judge(state);
    const cuts = state.settings.onPolicyChange === 'cut';
    const standing = new Map<string, Cut>();
    for (const [key, { connection, untilUs }] of cuts ? this.#cuts : []) {
      if (untilUs <= clock()) continue;
      standing.set(key, { connection: { ...connection, allowedAgain: !judge.denies(connection) }, untilUs });
    }
    const denied: Tracked[] = [];
    if (cuts) {
      // Until then packets may still open connections by the policy of before.
      await this.#parts.ask('revalidator/wait');
      for (const tracked of readConntrack(await this.#parts.ask('dpctl/dump-conntrack'))) {
        if (!judge.denies(tracked)) continue;
        const hold = holdUs.get(tracked.protocol);
        if (hold !== undefined && standing.size >= mostCuts) continue;
        denied.push(tracked);
        if (hold !== undefined) standing.set(keyOf(tracked), { connection: tracked, untilUs: clock() + hold });
      }
    }
    if (!sameDrops(standing, this.#cuts)) await this.#commit(standing);
    this.#cuts = standing;
    this.#arm();
    if (denied.length === 0) return 0;
    await this.#parts.ask('revalidator/wait');
    await this.#parts.forget(denied);
    this.#parts.log.info({ connections: denied.length }, 'cut connections that policy denies now');
    return denied.length;
  }

  async #commit(cuts: ReadonlyMap<string, Cut>): Promise<void> {
    const batch = new Batch();
    compileCuts(
      batch,
      [...cuts.values()].map(({ connection }) => connection),
    );
    await this.#parts.commit(batch.bytes());
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#cuts.size === 0) return;
    let first = Infinity;
    for (const { untilUs } of this.#cuts.values()) first = Math.min(first, untilUs);
    // Not one by one: what expires within ten seconds goes together.
    this.#timer = setTimeout(() => this.#parts.expired(), Math.max(0, (first - this.#parts.clock()) / 1000) + 10_000);
    this.#timer.unref();
  }
}

function sameDrops(one: ReadonlyMap<string, Cut>, other: ReadonlyMap<string, Cut>): boolean {
  const allowed = (cut: Cut | undefined): boolean | undefined => cut && cut.connection.allowedAgain === true;
  return one.size === other.size && [...one].every(([key, cut]) => allowed(cut) === allowed(other.get(key)));
}

/** Judges tracked connections by one state; looks a tenant's addresses up once. */
class Judge {
  readonly #state: State;
  readonly #tenants: ReadonlyMap<number, string>;
  readonly #books = new Map<number, AddressBook>();

  constructor(state: State) {
    this.#state = state;
    this.#tenants = new Map([...state.tenants.values()].map(({ zone, key }) => [zone, key]));
  }

  denies(tracked: CutConnection): boolean {
    const { zone, protocol, source, destination, destinationPort } = tracked;
    const tenant = this.#tenants.get(zone);
    // A link-local address is somebody else's on every link, and no zone tells links apart.
    if (tenant === undefined || isLinkLocal(source) || isLinkLocal(destination)) return false;
    let book = this.#books.get(zone);
    if (book === undefined) this.#books.set(zone, (book = new AddressBook(this.#state, tenant)));
    const ends = { source: book.end(source), destination: book.end(destination), protocol };
    const connection: Connection = holdUs.has(protocol)
      ? { ...ends, port: destinationPort }
      : { ...ends, icmp: { type: destinationPort >> 8, code: destinationPort & 255 } };
    // One entry for all associations of two addresses: it goes when none of them can live, and each packet is judged until then.
    return protocol === sctp && destinationPort === 0
      ? deniesEveryPort(this.#state, connection)
      : denies(this.#state, connection);
  }
}
