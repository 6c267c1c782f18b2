/**
 * What somebody else changed in the switch: how much, what last, and whether it is put right.
 * Neighbours: switch-watch.ts hands on what the engine tells; health and events are made of it.
 * Invariant: between a drift and its mending the switch is not said to be as it should be.
 */
import type { State } from '../model/index.js';
import type { EngineEvent } from '../native/index.js';
import { formatFlow } from '../openflow/index.js';
import type { DatapathEvent, Drift } from './face.js';
import { namesOf, resolveOwner } from './flow-lines.js';
import type { PortMap } from './ports.js';

type Drifted = Extract<EngineEvent, { type: 'drift' }>;
type Mended = Extract<EngineEvent, { type: 'mended' }>;

/** The OpenFlow type of a message whose text we can write. */
const flowModType = 14;

export class DriftBook {
  #changes = 0;
  #isOpen = false;
  #last: string | undefined;

  about(): { drift: Drift } {
    const last = this.#last === undefined ? {} : { last: this.#last };
    return { drift: { changes: this.#changes, mending: this.#isOpen, ...last } };
  }

  /** Why the switch is not as it should be; nothing when it is. */
  get reasons(): string[] {
    return this.#isOpen ? [`somebody else changed the switch; it is being put right (last: ${this.#last})`] : [];
  }

  /** The connection is gone; the next reading tells what there is to tell. */
  lost(): void {
    this.#isOpen = false;
  }

  heard(event: Drifted, state: State, ports: PortMap): DatapathEvent {
    const { added, modified, removed, groups, foundBy, samples } = event;
    this.#changes += added + modified + removed + groups;
    this.#isOpen = true;
    const [sample] = samples;
    const owner = sample?.owner === undefined ? undefined : resolveOwner(state, sample.owner);
    const whose = owner === undefined ? 'nobody’s' : `${owner.kind} ${owner.key}`.trim();
    const isFlow = sample?.flow[1] === flowModType;
    const text = sample && isFlow ? formatFlow(sample.flow, namesOf(ports)) : 'a group or meter';
    this.#last = `${sample?.what ?? 'changed'}, ${whose}: ${text}`;
    const counts = `${added} flows added, ${modified} modified, ${removed} removed, ${groups} groups or meters changed`;
    const fields = { added, modified, removed, groups, foundBy };
    return { type: 'drift', message: `by somebody else: ${counts}; ${this.#last}`, fields };
  }

  mended({ entries, elapsedUs }: Mended): DatapathEvent {
    this.#isOpen = false;
    return { type: 'mended', message: `${entries} put right in ${elapsedUs} µs`, fields: { entries, elapsedUs } };
  }
}
