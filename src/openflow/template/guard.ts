// Whether a call's holes have the shape that a variant was compiled for: what every flow is asked first.
// Neighbours: shape.ts has the same shapes as keys, site.ts asks the guard of the variants used last, program.ts reads what it opened.
// Invariant: allocates nothing. Values are not looked at: the program refuses what it was not made for.

import { Fragment, type Hole, isPair, Masked, Structural } from '../holes.js';
import { Token } from './shape.js';

/**
 * The holes of one call: first its own, then those of each fragment and of each list of match fragments, in the order in
 * which they are met. One is enough for all calls, for it is read before the next call opens its own.
 */
export type Opened = (readonly Hole[])[];

/** Where a hole is in `Opened`. */
export interface Place {
  readonly list: number;
  readonly index: number;
}

/** What a step asks of its hole. */
const Ask = {
  /** The very same constant. */
  same: 0,
  /** A fragment of the same text, which is opened. */
  fragment: 1,
  /** A list of as many match fragments, which is opened. */
  many: 2,
  /** Nothing there, or a list of actions or buckets, or a mask of nothing. */
  sort: 3,
} as const;

export interface Guard {
  /** Three numbers a step: what is asked, and of which hole. */
  readonly steps: Int32Array;
  /** What each step compares with. */
  readonly wanted: readonly unknown[];
  /** Where the values are, in the order of the leaves of `expand`. */
  readonly leaves: readonly Place[];
  /** How many lists a call opens, its own among them. */
  readonly opens: number;
}

/** The guard of these holes' shape. */
export function guardOf(holes: readonly Hole[]): Guard {
  const steps: number[] = [];
  const wanted: unknown[] = [];
  const leaves: Place[] = [];
  let opens = 1;
  const walk = (inner: readonly Hole[], list: number): void => {
    for (const [index, hole] of inner.entries()) {
      const ask = (what: number, of: unknown): void => {
        steps.push(what, list, index);
        wanted.push(of);
      };
      if (hole instanceof Structural) ask(Ask.same, hole);
      else if (hole instanceof Fragment) {
        ask(Ask.fragment, hole.strings);
        walk(hole.holes, opens++);
      } else if (hole === undefined) ask(Ask.sort, Token.gone);
      else if (Array.isArray(hole) && !isPair(hole)) {
        const fragments = hole as readonly Fragment[];
        if (fragments.length === 0) ask(Ask.sort, Token.gone);
        else if (fragments[0]?.kind === 'match') {
          ask(Ask.many, fragments.length);
          walk(fragments, opens++);
        } else {
          ask(Ask.sort, Token.list);
          leaves.push({ list, index });
        }
      } else {
        if (hole instanceof Masked && hole.maskClass === 'absent') ask(Ask.sort, Token.absent);
        leaves.push({ list, index });
      }
    }
  };
  walk(holes, 0);
  return { steps: Int32Array.from(steps), wanted, leaves, opens };
}

/** Whether `holes` have the shape; if so they are in `opened`. */
export function admits({ steps, wanted }: Guard, holes: readonly Hole[], opened: Opened): boolean {
  opened[0] = holes;
  let opens = 1;
  for (let i = 0, step = 0; i < wanted.length; i++, step += 3) {
    const list = steps[step + 1]!;
    const hole = (list === 0 ? holes : opened[list]!)[steps[step + 2]!];
    const ask = steps[step]!;
    if (ask === Ask.same) {
      if (hole !== wanted[i]) return false;
    } else if (ask === Ask.fragment) {
      if (!(hole instanceof Fragment) || hole.strings !== wanted[i]) return false;
      opened[opens++] = hole.holes;
    } else if (ask === Ask.many) {
      if (!Array.isArray(hole) || hole.length !== wanted[i] || isPair(hole)) return false;
      opened[opens++] = hole as readonly Fragment[];
    } else if (!isOfSort(hole, wanted[i])) return false;
  }
  return true;
}

function isOfSort(hole: Hole, token: unknown): boolean {
  if (hole === undefined) return token === Token.gone;
  if (!Array.isArray(hole)) return token === Token.absent && hole instanceof Masked && hole.maskClass === 'absent';
  const first: unknown = hole[0];
  if (first === undefined) return token === Token.gone;
  return token === Token.list && first instanceof Fragment && first.kind !== 'match';
}
