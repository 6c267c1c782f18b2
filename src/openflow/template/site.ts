// The compiled forms of one template: found by the shape of its holes, compiled on first sight, bounded in number.
// Neighbours: shape.ts tells shapes apart, emit.ts asks for the variant that fits.
// Invariant: a lookup that hits the variant used last allocates nothing; a site never keeps more than `variantLimit` variants.

import { FlowError } from '../errors.js';
import type { Hole } from '../holes.js';
import type { Compiled } from './assembler.js';
import {
  type Check,
  checksOf,
  type Expanded,
  expand,
  fits,
  labelOf,
  passes,
  type ShapeToken,
  tokenize,
} from './shape.js';

export interface Variant extends Compiled {
  readonly tokens: readonly ShapeToken[];
  /** For templates without fragments, whose patches look at the call's own holes. */
  readonly checks: readonly Check[] | undefined;
  /** With fragments: values of the latest call, fragments opened up; refilled by every lookup. */
  readonly flat: Hole[];
}

export type Compile = (expanded: Expanded) => Compiled;

/** More shapes than this at one call site mean that a structural hole is not a constant. */
export const variantLimit = 256;

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
  #last: Variant | undefined;
  #count = 0;

  constructor(strings: TemplateStringsArray, compile: Compile) {
    this.strings = strings;
    this.#compile = compile;
    totals.sites++;
  }

  /** The variant used last, if these holes have its shape; with fragments their values are then in its `flat`. */
  guess(holes: readonly Hole[]): Variant | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    const fit = last.checks === undefined ? fits(last.tokens, holes, last.flat) : passes(last.checks, holes);
    return fit ? last : undefined;
  }

  /** The variant for these holes. */
  find(holes: readonly Hole[]): Variant {
    const tokens: ShapeToken[] = [];
    const flat: Hole[] = [];
    try {
      tokenize(holes, tokens, flat);
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
    node.variant ??= this.#make(tokens, holes, flat.length);
    const found = node.variant;
    for (let i = 0; i < flat.length; i++) found.flat[i] = flat[i];
    this.#last = found;
    return found;
  }

  #make(tokens: readonly ShapeToken[], holes: readonly Hole[], leaves: number): Variant {
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
    const checks = checksOf(tokens);
    const direct = <T extends { readonly hole: number; readonly ordinal: number }>(part: T): T =>
      checks === undefined ? part : { ...part, hole: part.ordinal - 1 };
    return {
      bytes: compiled.bytes,
      patches: compiled.patches.map(direct),
      inserts: compiled.inserts.map(direct),
      tokens,
      checks,
      flat: Array<Hole>(leaves).fill(undefined),
    };
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
