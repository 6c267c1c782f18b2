/**
 * The problems of one request, collected up to a limit and listed in the order of its objects.
 * Neighbours: judge.ts, checks.ts and deletes.ts report into it.
 * Invariant: a full report is still a refusal; what exceeds the limit is only not listed.
 */
import type { Problem } from './errors.js';

export class Report {
  readonly #problems: Problem[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  readonly add = (p: Problem): void => {
    if (!this.full) this.#problems.push(p);
  };

  get full(): boolean {
    return this.#problems.length >= this.#limit;
  }

  get empty(): boolean {
    return this.#problems.length === 0;
  }

  /** By the place in the request, so that the list does not depend on the order of our checks. */
  list(): readonly Problem[] {
    const place = (p: Problem) => Number(/^\/[a-z]+\/([0-9]+)/.exec(p.pointer)?.[1] ?? -1);
    return this.#problems
      .map((p) => ({ p, at: place(p) }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ p }) => p);
  }
}
