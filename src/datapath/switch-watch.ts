/**
 * What the engine tells of its switch, as state for health and as events for whoever listens.
 * Neighbours: controller.ts owns it; the engine calls `heard`.
 */
import type { State } from '../model/index.js';
import type { CommitResult, EngineEvent, Quarantine } from '../native/index.js';
import { formatFlow } from '../openflow/index.js';
import { DriftBook } from './drift.js';
import type { DatapathEvent, Health, LongRun } from './face.js';
import { namesOf, resolveOwner } from './flow-lines.js';
import type { Logger } from './log.js';
import type { PortMap } from './ports.js';
import type { StatusBook } from './status-book.js';
import type { UplinkChange } from './uplinks.js';

export interface SwitchWatchParts {
  readonly log: Logger;
  readonly book: StatusBook;
  state(): State;
  ports(): PortMap;
  /** Microseconds, monotonic. */
  clock(): number;
}

export class SwitchWatch {
  connected = false;
  downReason = 'not connected yet';
  datapathId: string | undefined;
  /** Something was confirmed since the start. */
  synced = false;
  /** The long operation that is under way. */
  progress: LongRun | undefined;
  /** When the switch was last read back, in microseconds of the clock, and what came of it. */
  readBack: { readonly atUs: number; readonly flowsRead: number; readonly sent: number } | undefined;
  readonly drift = new DriftBook();
  readonly #parts: SwitchWatchParts;
  #readers: ((read: { flowsRead: number; sent: number }) => void)[] = [];
  readonly #listeners = new Set<(event: DatapathEvent) => void>();

  constructor(parts: SwitchWatchParts) {
    this.#parts = parts;
  }

  about(): Pick<Health['switch'], 'connected' | 'datapathId' | 'progress' | 'drift'> {
    const { connected, datapathId, progress } = this;
    return {
      connected,
      ...this.drift.about(),
      ...(datapathId === undefined ? {} : { datapathId }),
      ...(progress === undefined ? {} : { progress }),
    };
  }

  /** Resolves when the whole switch has been read back. */
  nextReadBack(): Promise<{ flowsRead: number; sent: number }> {
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  subscribe(listener: (event: DatapathEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: DatapathEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  heard(event: EngineEvent): void {
    const { log } = this.#parts;
    switch (event.type) {
      case 'up':
        this.connected = true;
        this.datapathId = event.datapathId;
        this.emit({ type: 'switch-up', message: `connected to datapath ${event.datapathId}` });
        break;
      case 'down':
        this.connected = false;
        this.downReason = event.reason;
        this.progress = undefined;
        this.drift.lost();
        log.warn({ reason: event.reason }, 'the switch is not connected');
        this.emit({ type: 'switch-down', message: event.reason });
        break;
      case 'resynced': {
        const { flowsRead, sent, elapsedUs } = event;
        if (event.whole) for (const resolve of this.#readers.splice(0)) resolve({ flowsRead, sent });
        if (event.whole) this.readBack = { atUs: this.#parts.clock(), flowsRead, sent };
        log.info({ flowsRead, sent, elapsedUs }, 'read back the switch');
        this.emit({ type: 'resynced', message: `read ${flowsRead} flows, sent ${sent}`, fields: { flowsRead, sent } });
        break;
      }
      case 'drift': {
        const told = this.drift.heard(event, this.#parts.state(), this.#parts.ports());
        log.warn({ ...told.fields, last: told.message }, 'somebody else changed the switch');
        this.emit(told);
        break;
      }
      case 'mended': {
        const told = this.drift.mended(event);
        log.info(told.fields ?? {}, 'what somebody else changed is put right');
        this.emit(told);
        break;
      }
      case 'progress':
        this.#progressed(event);
        break;
      case 'quarantined':
        this.refused({ ...event, type: event.errorType, code: event.errorCode });
        break;
      case 'conflict':
        this.#conflict(event.winners, event.losers);
        break;
      case 'log':
        log[event.level](event.fields, event.message);
        break;
    }
  }

  committed(result: CommitResult): void {
    this.synced = true;
    const { added, modified, deleted, messages, bundles, elapsedUs } = result;
    const refused = result.quarantined.length;
    this.#parts.log.info({ added, modified, deleted, messages, bundles, elapsedUs, refused }, 'committed');
    for (const quarantine of result.quarantined) this.refused(quarantine);
    this.emit({
      type: 'committed',
      message: `+${added} ~${modified} -${deleted}`,
      fields: { added, modified, deleted },
    });
  }

  uplinksChanged(changes: readonly UplinkChange[]): void {
    for (const { key, bad, message } of changes) {
      this.#parts.log[bad ? 'warn' : 'info']({ interface: key, what: message }, 'an uplink changed');
      this.emit({ type: 'uplink', message, key, fields: { bad } });
    }
  }

  /** The switch refused a flow: the owner is quarantined, everybody else's flows are in place. */
  refused(quarantine: Quarantine): void {
    const { book, log } = this.#parts;
    const flow = quarantine.flow.length > 0 ? formatFlow(quarantine.flow, namesOf(this.#parts.ports())) : '';
    book.quarantined(quarantine, flow);
    const ref = this.#parts.state().byOwner(quarantine.owner);
    const message = `${ref ? `${ref.kind} ${ref.key}` : 'an owner'}: ${quarantine.error}: ${flow}`;
    log.warn({ owner: ref, error: quarantine.error, flow }, 'the switch refused a flow');
    this.emit({ type: 'quarantined', message, ...(ref ? { kind: ref.kind, key: ref.key } : {}) });
  }

  #progressed({ phase, done, total, elapsedUs }: Extract<EngineEvent, { type: 'progress' }>): void {
    const perSecond = Math.round((done * 1e6) / Math.max(1, elapsedUs));
    const fields = { phase, done, total, perSecond };
    this.progress = done < total ? fields : undefined;
    this.emit({ type: 'progress', message: `${done} of ${total} flows, ${perSecond} a second`, fields });
  }

  #conflict(winners: readonly number[], losers: readonly number[]): void {
    const named = (owners: readonly number[]): string =>
      owners
        .map((owner) => resolveOwner(this.#parts.state(), owner))
        .map(({ kind, key }) => `${kind} ${key}`)
        .join(', ');
    this.#parts.log.warn({ winners: named(winners), losers: named(losers) }, 'two owners want one flow differently');
  }
}
