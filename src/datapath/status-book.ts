/**
 * What is known of every object's way to the switch. Neighbours: reconciler.ts writes, controller.ts answers from it.
 * Invariant: `committed` is written only after the switch confirmed the owner's flows of that generation.
 */
import { interfaceOf, ownerKey, type AnyObject, type State } from '../model/index.js';
import type { Quarantine } from '../native/index.js';
import type { ObjectStatus, StatusProblem } from './face.js';
import { OwnerMap } from './owner-map.js';
import type { PortMap } from './ports.js';

interface Entry {
  generation: number;
  committed: boolean;
  flows: number;
}

export class StatusBook {
  readonly #entries = new OwnerMap<Entry>();
  readonly #quarantined = new Map<number, StatusProblem>();
  /** A round has confirmed the whole state: what has no entry owns no flows, and nothing of it is on its way. */
  #whole = false;

  /** The object changed at `generation` and is on its way. */
  pending(owner: number, generation: number): void {
    const entry = this.#entries.get(owner);
    if (entry) Object.assign(entry, { generation, committed: false });
    else this.#entries.set(owner, { generation, committed: false, flows: 0 });
  }

  /** The object's flows at `generation` are written; one that a former daemon accepted is met here for the first time. */
  compiled(owner: number, flows: number, generation: number): void {
    const entry = this.#entries.get(owner);
    if (entry) entry.flows = flows;
    else this.#entries.set(owner, { generation, committed: false, flows });
  }

  /** How many flows the object had when it was last compiled. */
  flowsOf(owner: number): number {
    return this.#entries.get(owner)?.flows ?? 0;
  }

  gone(owner: number): void {
    this.#entries.delete(owner);
    this.#quarantined.delete(owner);
  }

  /** The switch confirmed everything of these owners that was compiled up to `generation`. */
  confirmed(owners: Iterable<number>, generation: number, whole: boolean): void {
    this.#whole ||= whole;
    const quarantines = this.#quarantined.size > 0;
    for (const owner of owners) {
      if (quarantines) this.#quarantined.delete(owner);
      const entry = this.#entries.get(owner);
      if (entry && entry.generation <= generation) entry.committed = true;
    }
  }

  quarantined(quarantine: Quarantine, flow: string): void {
    const message = `the switch refused a flow of it: ${quarantine.error}`;
    this.#quarantined.set(quarantine.owner, { code: quarantine.error, message, flow });
  }

  /** The object's flows cannot even be written, e.g. because one would not fit in a message. */
  uncompilable(owner: number, reason: string): void {
    this.#quarantined.set(owner, { code: 'cannot_compile', message: reason });
  }

  quarantinedOwners(): number[] {
    return [...this.#quarantined.keys()];
  }

  status(object: AnyObject, state: State, ports: PortMap): ObjectStatus {
    const owner = ownerKey(object.kind, object.id);
    const entry = this.#entries.get(owner);
    const problem = this.#quarantined.get(owner);
    const base = { generation: entry?.generation ?? state.generation, flows: entry?.flows ?? 0 };
    if (problem) return { ...base, state: 'quarantined', problems: [problem] };
    const waiting = waitsFor(object, state, ports);
    if (waiting) return { ...base, state: 'waiting', waitingFor: waiting.for, problems: waiting.problems };
    const committed = entry?.committed ?? this.#whole;
    return { ...base, state: committed ? 'committed' : 'pending', problems: [] };
  }
}

/** What an object needs that is not there yet; it holds up nothing else. */
function waitsFor(
  object: AnyObject,
  state: State,
  ports: PortMap,
): { for: string; problems: StatusProblem[] } | undefined {
  const name = interfaceOf(object);
  if (name !== undefined) {
    if (ports.of(name) !== undefined) return undefined;
    const error = ports.error(name);
    const problems = error === undefined ? [] : [{ code: 'interface_missing', message: error }];
    return { for: `interface ${name}`, problems };
  }
  const tunnelled = object.kind === 'peer' || (object.kind === 'network' && object.encap === 'vxlan');
  if (tunnelled && state.settings.vtepIp === undefined) return { for: 'settings.vtepIp', problems: [] };
  return undefined;
}
