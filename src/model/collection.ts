/**
 * A persistent map that is fast in bulk: a plain Map that nobody changes any more, under a trie of later changes.
 * Neighbours: state.ts keeps objects and indexes in it; types.ts shows it as Collection.
 * Invariant: a version never changes once its Edit is dropped. A change costs O(log n), amortised: when the changes
 * outgrow half of the Map, both are melted into a new one, which takes everything else of that edit directly.
 */
import { Trie, type Edit, type Key } from './trie.js';

export type { Edit } from './trie.js';

/** In the trie: the key is gone, although the Map below has it. */
const gone = Symbol('gone');

/** Below this many changes a new Map is not worth it. */
const fewChanges = 32;

export class PersistentMap<K extends Key, V> {
  #base: Map<K, V>;
  #changes: Trie<K, V | typeof gone>;
  #size: number;
  /** The edit that may change this object. */
  readonly #edit: Edit | undefined;
  /** Whether #base is this edit's own and can be changed, too. */
  #melted = false;

  private constructor(base: Map<K, V>, changes: Trie<K, V | typeof gone>, size: number, edit: Edit | undefined) {
    this.#base = base;
    this.#changes = changes;
    this.#size = size;
    this.#edit = edit;
  }

  static empty<K extends Key, V>(): PersistentMap<K, V> {
    return new PersistentMap<K, V>(new Map(), Trie.empty(), 0, undefined);
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    if (this.#changes.size > 0) {
      const change = this.#changes.get(key);
      if (change !== undefined) return change === gone ? undefined : change;
    }
    return this.#base.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /** With an edit, a map made under the same edit changes in place and is answered itself. */
  set(key: K, value: V, edit?: Edit): PersistentMap<K, V> {
    if (this.#melted && this.#edit === edit) {
      this.#base.set(key, value);
      this.#size = this.#base.size;
      return this;
    }
    const there = this.get(key);
    if (there === value) return this;
    return this.#change(key, value, there === undefined ? 1 : 0, edit);
  }

  delete(key: K, edit?: Edit): PersistentMap<K, V> {
    if (this.#melted && this.#edit === edit) {
      this.#base.delete(key);
      this.#size = this.#base.size;
      return this;
    }
    return this.has(key) ? this.#change(key, gone, -1, edit) : this;
  }

  *keys(): Generator<K> {
    if (this.#changes.size === 0) {
      yield* this.#base.keys();
      return;
    }
    for (const key of this.#base.keys()) if (!this.#changes.has(key)) yield key;
    for (const [key, value] of this.#changes.entries()) if (value !== gone) yield key;
  }

  *values(): Generator<V> {
    if (this.#changes.size === 0) {
      yield* this.#base.values();
      return;
    }
    for (const [key, value] of this.#base) if (!this.#changes.has(key)) yield value;
    for (const [, value] of this.#changes.entries()) if (value !== gone) yield value;
  }

  [Symbol.iterator](): Iterator<V> {
    return this.values();
  }

  #change(key: K, value: V | typeof gone, grown: number, edit: Edit | undefined): PersistentMap<K, V> {
    // A key only the trie has needs no mark that it is gone.
    const changes =
      value === gone && !this.#base.has(key) ? this.#changes.delete(key, edit) : this.#changes.set(key, value, edit);
    const mine = edit !== undefined && this.#edit === edit;
    const next = mine ? this : new PersistentMap(this.#base, changes, this.#size, edit);
    next.#changes = changes;
    next.#size += grown;
    if (changes.size > Math.max(fewChanges, this.#base.size / 2)) next.#melt();
    return next;
  }

  /** A Map of its own with all changes in it. */
  #melt(): void {
    const base = new Map(this.#base);
    for (const [key, value] of this.#changes.entries()) {
      if (value === gone) base.delete(key);
      else base.set(key, value);
    }
    this.#base = base;
    this.#changes = Trie.empty();
    this.#melted = this.#edit !== undefined;
  }
}
