// The compiled forms of one template: found by the shape of its holes, compiled on first sight, bounded in number.
// Neighbours: shape.ts and guard.ts tell shapes apart, emit.ts asks for the variant that fits.
// Invariant: a lookup among the variants used last allocates nothing; a site never keeps more than `variantLimit` variants.

import { FlowError } from '../errors.js';
import type { Hole } from '../holes.js';
import type { Compiled } from './assembler.js';
import { type Guard, guardOf } from './guard.js';
import { type Program, programOf } from './program.js';
import { type Expanded, expand, labelOf, type ShapeToken, tokenize } from './shape.js';

export interface Variant extends Compiled {
  readonly guard: Guard;
  /** What fills each static piece: one more than there are lists. */
  readonly programs: readonly Program[];
}

export type Compile = (expanded: Expanded) => Compiled;

/** More shapes than this at one call site mean that a structural hole is not a constant. */
export const variantLimit = 256;

/** A site that is used in turn with a few shapes finds each of them again without looking it up. */
const recentLimit = 8;

const totals = { sites: 0, variants: 0, evictions: 0 };

/** Counts for tests and metrics: call sites seen, variants compiled, and how often a site overflowed. */
export function templateStats(): { readonly sites: number; readonly variants: number; readonly evictions: number } {
  return { ...totals };
}

interface Node {
  readonly next: Map<ShapeToken, Node>;
  variant: Variant | undefined;
}

export class Site {
  readonly strings: TemplateStringsArray;
  readonly #compile: Compile;
  #root: Node = { next: new Map(), variant: undefined };
  /** Those used last; one that fits twice in a row comes first. */
  readonly recent: Variant[] = [];
  #count = 0;

  constructor(strings: TemplateStringsArray, compile: Compile) {
    this.strings = strings;
    this.#compile = compile;
    totals.sites++;
  }

  /** The variant for these holes. */
  find(holes: readonly Hole[]): Variant {
    const tokens: ShapeToken[] = [];
    try {
      tokenize(holes, tokens);
    } catch (error) {
      throw error instanceof FlowError ? error.in({ template: labelOf(this.strings) }) : error;
    }
    let node = this.#root;
    for (const token of tokens) {
      let next = node.next.get(token);
      if (next === undefined) {
        next = { next: new Map(), variant: undefined };
        node.next.set(token, next);
      }
      node = next;
    }
    node.variant ??= this.#make(holes);
    const found = node.variant;
    if (!this.recent.includes(found)) this.recent.length = Math.min(this.recent.unshift(found), recentLimit);
    return found;
  }

  #make(holes: readonly Hole[]): Variant {
    const expanded = expand(this.strings, holes);
    let compiled: Compiled;
    try {
      compiled = this.#compile(expanded);
    } catch (error) {
      throw error instanceof FlowError ? error.in({ template: expanded.label }) : error;
    }
    if (++this.#count > variantLimit) {
      this.#root = { next: new Map(), variant: undefined };
      this.#count = 1;
      totals.evictions++;
    }
    totals.variants++;
    const { bytes, patches, inserts } = compiled;
    const guard = guardOf(holes);
    const programs = Array.from({ length: inserts.length + 1 }, (_, piece) =>
      programOf(
        patches.filter((patch) => patch.piece === piece),
        guard.leaves,
      ),
    );
    return { bytes, patches, inserts, guard, programs };
  }
}

/** Call sites of one kind of template. */
export class Sites {
  readonly #sites = new WeakMap<TemplateStringsArray, Site>();
  readonly #compile: Compile;

  constructor(compile: Compile) {
    this.#compile = compile;
  }

  at(strings: TemplateStringsArray): Site {
    let site = this.#sites.get(strings);
    if (site === undefined) {
      site = new Site(strings, this.#compile);
      this.#sites.set(strings, site);
    }
    return site;
  }
}
