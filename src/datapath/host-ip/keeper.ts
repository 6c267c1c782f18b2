/**
 * Keeps the host reachable while its NICs become uplinks: holds back NICs with addresses, or lends the addresses to the bridge.
 * Neighbours: switch-database.ts asks for a view of what may be in the bridges at each step; src/watchdog moves and watches.
 * Invariants: a NIC that carries host addresses enters a bridge only after its watchdog said `armed`; a bridge that carries
 * them loses its last NIC only after the NIC has them back.
 */
import { connections } from '../../host/connections.js';
import { hostAddresses, readHost, readNeighbours } from '../../host/network.js';
import { takeSnapshot, withLabels } from '../../host/snapshot.js';
import { carriedBy } from '../../host/uplink-check.js';
import { formatAddress, type Settings } from '../../model/index.js';
import { dropJournal, isKept, journalPath, readJournal, readJournals } from '../../watchdog/journal.js';
import type { Journal } from '../../watchdog/journal.js';
import { startWatchdog } from '../../watchdog/start.js';
import type { Watchdog } from '../../watchdog/start.js';
import type { Adoption, DatapathEvent } from '../face.js';
import { sharesNetwork } from '../host-interfaces.js';
import type { Logger } from '../log.js';
import { roleKey } from '../ovsdb/plan.js';
import type { Rows } from '../ovsdb/rows.js';
import { nothingHeld, type HostIpView } from '../ovsdb/wanted.js';
import { withPatience } from '../patience.js';
import { announce } from './announce.js';
import { Trials } from './trials.js';
import { addressesOf, carriesAddresses, linesOf, lostMove, nicsFor, planMove, uplinksOf, type Move } from './moves.js';

export interface HostIpParts {
  /** Where journals are kept; without one nothing is ever moved. */
  readonly stateDir: string | undefined;
  readonly database: string;
  readonly rundir: string;
  readonly log: Logger;
  settings(): Settings;
  readonly tell: (event: DatapathEvent) => void;
  /** A move was taken back: the uplinks shall be those of before. */
  revert(uplinks: Journal['before']): Promise<unknown>;
}

const armPatienceMs = 10_000;
const returnPatienceMs = 30_000;

const onLoan = new Set(['armed', 'moved', 'adopted']);
/** The NIC is no watchdog's any more, and no bridge's. */
const over = new Set(['returned', 'stuck']);

export class HostIpKeeper {
  readonly #parts: HostIpParts;
  readonly #journals = new Map<string, Journal>();
  /** Why a wanted NIC is in no bridge. */
  readonly #held = new Map<string, string>();
  readonly #trials = new Trials((nic) => this.#read(nic));
  /** The uplinks that were set before the latest change. */
  #before: Journal['before'] = { vlanInterfaces: [], underlayInterfaces: [] };
  #looked = false;
  /** NICs whose bridge is not in the database although its device, which vswitchd may be about to remove, has the addresses. */
  readonly #doubted = new Set<string>();

  constructor(parts: HostIpParts) {
    this.#parts = parts;
  }

  /** Sentences for whoever asks how the daemon is. */
  get reasons(): readonly string[] {
    return [...this.#held.values()];
  }

  /** Pick up what an earlier daemon left: a trial goes on, a half-done move is undone, what was confirmed stays. */
  async recover(): Promise<void> {
    const { stateDir, log } = this.#parts;
    if (stateDir === undefined) return;
    for (const journal of readJournals(stateDir)) {
      const { nic, state } = journal;
      this.#journals.set(nic, journal);
      if (state === 'adopted') continue;
      if (state === 'moved' && isKept(journal)) {
        this.#follow(nic);
        continue;
      }
      if (!over.has(state)) {
        log.warn({ nic, state }, 'a move of host addresses was left half done');
        await this.#giveBack(journal, journal.reason ?? 'the daemon ended in the middle of the move').catch(
          (error: unknown) => log.error({ err: error, nic }, 'host addresses could not be given back'),
        );
      }
      this.#holdReturned(this.#journals.get(nic) ?? journal);
    }
  }

  /** The settings are about to change from these; NICs that they name are tried again. */
  changing(before: Settings, named: readonly string[]): void {
    const { vlanInterfaces, underlayInterfaces } = before;
    this.#before = { vlanInterfaces, underlayInterfaces };
    for (const nic of named) {
      this.#held.delete(nic);
      const state = this.#journals.get(nic)?.state;
      if (state !== undefined && over.has(state)) this.#forget(nic);
    }
  }

  /** Whether a NIC that is wanted is held back after a failed move. */
  isHeld(nic: string): boolean {
    return this.#held.has(nic);
  }

  /**
   * What the bridges may hold, step by step; the caller brings each view to the switch and answers whether vswitchd took it.
   */
  async *stages(rows: Rows): AsyncGenerator<HostIpView, void, boolean> {
    const settings = this.#parts.settings();
    if (settings.datapathType === 'dummy' || !sharesNetwork(this.#parts.rundir)) {
      yield nothingHeld;
      return;
    }
    await this.#returnUnwanted(rows, settings);
    let moves = await this.#arriving(rows, settings);
    if (moves.length === 0) {
      const taken = yield this.#view();
      if (!taken || this.#doubted.size === 0) return;
      moves = await this.#arriving(rows, settings);
      if (moves.length === 0) return;
    }
    const bridgesThere = yield this.#view(moves);
    const armed: { move: Move; watchdog: Watchdog }[] = [];
    for (const move of bridgesThere ? moves : []) {
      const watchdog = await this.#arm(move, settings);
      if (watchdog !== undefined) armed.push({ move, watchdog });
    }
    const nicsThere = yield this.#view();
    for (const each of armed) await this.#carryOut(each.move, each.watchdog, nicsThere);
    if (armed.some(({ move }) => this.#held.has(move.nic))) yield this.#view();
  }

  /** End the trials that wait; answers which. */
  confirm(): string[] {
    const waiting = [...this.#journals.keys()].filter((nic) => this.#read(nic)?.state === 'moved');
    for (const nic of waiting) this.#trials.confirm(nic);
    return waiting;
  }

  adoptions(): Adoption[] {
    return [...this.#journals.keys()]
      .map((nic) => this.#read(nic))
      .filter((journal) => journal !== undefined)
      .map(({ nic, bridge, state, snapshot, until, reason, checkAddress }) => ({
        nic,
        bridge,
        state,
        addresses: snapshot.addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
        ...(state === 'moved' && until !== undefined ? { until: new Date(until).toISOString() } : {}),
        ...(checkAddress === undefined ? {} : { checkAddress }),
        ...(reason === undefined ? {} : { reason }),
      }));
  }

  close(): void {
    this.#trials.close();
  }

  /** NICs that carry host addresses and are to enter a bridge; those that may not are held. */
  async #arriving(rows: Rows, settings: Settings): Promise<Move[]> {
    const { stateDir, log } = this.#parts;
    // After a boot the switch has the NIC already, and the host's network scripts have given it its addresses again.
    const again = settings.adoptHostIp && !this.#looked;
    this.#looked = true;
    const fresh = uplinksOf(settings).filter(
      ({ nic, bridge }) => again || this.#doubted.has(nic) || !holds(rows, bridge).includes(nic),
    );
    for (const nic of this.#held.keys()) {
      if (!over.has(this.#journals.get(nic)?.state ?? '')) this.#held.delete(nic);
    }
    if (fresh.length === 0) return [];
    const host = await readHost();
    const moves: Move[] = [];
    for (const { nic, bridge } of fresh) {
      if (this.#isOnTrial(nic)) continue;
      const there = holds(rows, bridge).includes(nic);
      const link = host.links.find(({ name }) => name === nic);
      const carried = link && carriedBy(link, host, connections());
      if (link === undefined || this.#held.has(nic)) continue;
      const journal = this.#journals.get(nic);
      if (journal?.state === 'adopted') {
        const lost = lostMove(journal, link, host);
        this.#doubted.delete(nic);
        if (lost !== undefined) {
          log.warn({ nic, bridge }, 'the bridge lost the addresses of the host; it gets them again');
          moves.push({ ...lost, bridge });
          continue;
        }
        // A second move would make the first one's way back forget what is on the bridge.
        if (carriesAddresses(host, journal.bridge)) {
          if (!there) this.#doubted.add(nic);
          continue;
        }
      }
      if (carried === undefined) continue;
      if (!settings.adoptHostIp || stateDir === undefined) {
        this.#hold(nic, `${carried}; it is not taken (see --adopt-host-ip)`);
        continue;
      }
      const { move, problems } = await planMove(nic, bridge, link, host, settings);
      const [problem] = problems;
      if (problem !== undefined) this.#hold(nic, problem);
      else if (hostAddresses(link).length > 0 || !there) moves.push(move);
      log.info({ nic, bridge, lines: linesOf(move), problems }, 'plan to move host addresses');
    }
    return moves;
  }

  /** The watchdog has the NIC: on its way back it is no bridge's, and no second move may begin. */
  #isOnTrial(nic: string): boolean {
    if (!this.#trials.has(nic)) return false;
    const journal = this.#read(nic);
    if (journal?.state === 'adopted') {
      // Whoever followed it would take the journal of a second move for the end of this one.
      this.#trials.leave(nic);
      this.#adopted(journal);
      return false;
    }
    if (journal?.state !== 'moved') this.#hold(nic, `${nic} is getting its addresses back`);
    return true;
  }

  async #arm({ nic, bridge, link, snapshot, sysctls }: Move, settings: Settings): Promise<Watchdog | undefined> {
    const { stateDir, database } = this.#parts;
    if (stateDir === undefined) return undefined;
    const { checkAddress, confirmWithin } = settings;
    // Moved again after a boot: what the kernel was set to before the first move is what it shall be set to.
    const { sysctls: first = sysctls } = this.#journals.get(nic) ?? {};
    const journal: Journal = {
      ...{
        version: 1,
        nic,
        bridge,
        state: 'armed',
        snapshot,
        takenAt: Date.now(),
        mtu: link.mtu,
        mac: link.mac,
        sysctls: first,
      },
      ...(checkAddress === undefined ? {} : { checkAddress: formatAddress(checkAddress) }),
      ...{ confirmWithinSec: confirmWithin, database, before: this.#before },
    };
    this.#journals.set(nic, journal);
    const watchdog = startWatchdog(stateDir, journal);
    try {
      await withPatience(watchdog.said('armed'), armPatienceMs, () => new Error('the watchdog does not start'));
      return watchdog;
    } catch (error) {
      watchdog.abandon();
      this.#hold(nic, `${nic} keeps its addresses: ${error instanceof Error ? error.message : String(error)}`);
      this.#forget(nic);
      return undefined;
    }
  }

  async #carryOut({ nic, bridge, link }: Move, watchdog: Watchdog, ready: boolean): Promise<void> {
    const { log, tell } = this.#parts;
    try {
      if (!ready) throw new Error('Open vSwitch did not take the NIC in time');
      watchdog.move();
      await withPatience(watchdog.said('moved'), armPatienceMs, () => new Error('the watchdog does not answer'));
      const journal = this.#read(nic);
      if (journal !== undefined) this.#journals.set(nic, journal);
      const message = `${addressesOf(link)} moved from ${nic} to ${bridge}, on trial until confirmed`;
      log.info({ nic, bridge, until: journal?.until }, 'host addresses moved, on trial');
      tell({ type: 'uplink', message, fields: { nic, bridge } });
      this.#follow(nic);
      const addresses = (journal?.snapshot.addresses ?? []).map(({ local }) => local);
      await announce(this.#parts.rundir, bridge, link.mac, addresses).catch((error: unknown) => {
        log.warn(
          { err: error, bridge },
          'the addresses could not be announced; neighbours learn them from the next packet',
        );
      });
    } catch (error) {
      log.error({ err: error, nic }, 'host addresses were not moved');
      watchdog.abandon();
      await this.#trials.unkept(nic);
      this.#taken(nic);
    }
  }

  #follow(nic: string): void {
    const { log } = this.#parts;
    this.#trials.follow(nic, async (journal) => {
      if (journal.state === 'adopted') {
        this.#adopted(journal);
        return;
      }
      this.#journals.set(nic, journal);
      try {
        if (!over.has(journal.state)) await this.#giveBack(journal, 'the watchdog died');
        this.#taken(nic);
      } catch (error) {
        log.error({ err: error, nic }, 'host addresses could not be given back');
      }
    });
  }

  #adopted(journal: Journal): void {
    const { nic, bridge } = journal;
    this.#journals.set(nic, journal);
    this.#parts.log.info({ nic, bridge }, 'the move of host addresses is confirmed');
    this.#parts.tell({ type: 'uplink', message: `${bridge} keeps the addresses of ${nic}`, fields: { nic } });
  }

  /** A move was taken back: say why, and want the uplinks of before. */
  #taken(nic: string): void {
    const { log, tell } = this.#parts;
    const journal = this.#read(nic);
    if (journal === undefined) return;
    this.#journals.set(nic, journal);
    this.#holdReturned(journal);
    const message = this.#held.get(nic) ?? '';
    log.error({ nic, reason: journal.reason, state: journal.state }, 'the move of host addresses was taken back');
    tell({ type: 'uplink', message, fields: { nic } });
    const without = (names: readonly string[]): string[] => names.filter((name) => name !== nic);
    const { vlanInterfaces, underlayInterfaces } = journal.before;
    const uplinks = { vlanInterfaces: without(vlanInterfaces), underlayInterfaces: without(underlayInterfaces) };
    this.#parts.revert(uplinks).catch((error: unknown) => {
      log.error({ err: error }, 'the uplinks of before could not be set again');
    });
  }

  #holdReturned({ nic, state, reason = 'it is not known why' }: Journal): void {
    const how =
      state === 'stuck' ? 'could not get its addresses back, put them there by hand' : 'has its addresses back';
    this.#hold(nic, `${nic} ${how}: ${reason}; \`sluice set\` with ${nic} tries again`);
  }

  /** Bridges that carry host addresses and are to lose all their NICs: the NIC gets them back first. */
  async #returnUnwanted(rows: Rows, settings: Settings): Promise<void> {
    for (const [nic, journal] of this.#journals) {
      if (!['moved', 'adopted'].includes(journal.state) || nicsFor(settings, journal.bridge).length > 0) continue;
      const now = holds(rows, journal.bridge);
      // The cable that works is the one that is in use.
      const target = now.includes(nic) ? nic : (now[0] ?? nic);
      await this.#trials.stop(nic);
      const host = await readHost();
      const taken = takeSnapshot(journal.bridge, host, await readNeighbours(journal.bridge));
      const snapshot = withLabels(taken.snapshot, journal.snapshot);
      const changed = { ...journal, nic: target, snapshot, takenAt: Date.now() };
      if (target !== nic) this.#forget(nic);
      await this.#giveBack(changed, 'the uplink was taken away');
      this.#parts.log.info({ nic: target, bridge: journal.bridge }, 'host addresses went back to the NIC');
      this.#forget(target);
    }
  }

  async #giveBack(journal: Journal, reason: string): Promise<void> {
    const { stateDir } = this.#parts;
    if (stateDir === undefined) return;
    await this.#trials.unkept(journal.nic);
    const found = this.#read(journal.nic) ?? journal;
    if (found.state === 'returned') return;
    const { keeper: _, ...rest } = journal;
    const watchdog = startWatchdog(stateDir, { ...rest, state: 'returning', reason });
    await withPatience(watchdog.said('returned'), returnPatienceMs, () => new Error('the way back takes too long'));
    const after = this.#read(journal.nic);
    if (after !== undefined) this.#journals.set(journal.nic, after);
  }

  #read(nic: string): Journal | undefined {
    const { stateDir } = this.#parts;
    return stateDir === undefined ? undefined : readJournal(journalPath(stateDir, nic));
  }

  #hold(nic: string, reason: string): void {
    if (this.#held.get(nic) === reason) return;
    this.#held.set(nic, reason);
    this.#parts.log.warn({ nic, reason }, 'a NIC is held back');
  }

  #forget(nic: string): void {
    const { stateDir } = this.#parts;
    this.#journals.delete(nic);
    if (stateDir !== undefined) dropJournal(stateDir, nic);
  }

  #view(without: readonly Move[] = []): HostIpView {
    const pins = new Map<string, { hwaddr: string; mtu: number }>();
    for (const { bridge, mac, mtu, state } of this.#journals.values()) {
      if (onLoan.has(state)) pins.set(bridge, { hwaddr: mac, mtu });
    }
    for (const { bridge, link } of without) pins.set(bridge, { hwaddr: link.mac, mtu: link.mtu });
    return { left: new Set([...this.#held.keys(), ...without.map(({ nic }) => nic)]), pins };
  }
}

/** The uplink NICs that a bridge of ours has. */
function holds(rows: Rows, name: string): string[] {
  const bridge = rows.bridge(name);
  if (bridge === undefined) return [];
  const uplinks = rows.ports(bridge).filter(({ externalIds }) => externalIds[roleKey] === 'uplink');
  return uplinks.flatMap((port) => rows.interfacesOf(port).map((each) => each.name));
}
