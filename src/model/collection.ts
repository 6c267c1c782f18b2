/**
 * A persistent map: a hash array mapped trie, 32 ways a level (Bagwell 2001), keys strings or numbers.
 * Neighbours: state.ts keeps objects and indexes in it; types.ts shows it as Collection.
 * Invariant: a version nobody holds the Edit of never changes; set and delete cost O(log n) and share the rest.
 */
import { hash32 } from './ids.js';

/** Permission to change nodes in place: a symbol held by one builder and dropped when it is done. */
export type Edit = symbol;

type Key = string | number;

interface Leaf<V> {
  readonly hash: number;
  readonly key: Key;
  readonly value: V;
}

/** Leaves whose hashes are equal in all 32 bits. */
interface Bucket<V> {
  readonly hash: number;
  readonly leaves: readonly Leaf<V>[];
}

/** Bit i of `bits` says that slot i is there; `slots` holds only those, in order. */
interface Branch<V> {
  readonly edit: Edit | undefined;
  bits: number;
  readonly slots: Node<V>[];
}

type Node<V> = Leaf<V> | Bucket<V> | Branch<V>;

const isBranch = <V>(node: Node<V>): node is Branch<V> => 'slots' in node;
const isBucket = <V>(node: Node<V>): node is Bucket<V> => 'leaves' in node;

const hashOf = (key: Key): number => (typeof key === 'string' ? hash32(key) : hashNumber(key));

/** Both halves of an owner key count; the finaliser of murmur3 spreads them. */
function hashNumber(key: number): number {
  let h = (key | 0) ^ Math.imul(Math.floor(key / 2 ** 32), 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function countBits(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

const slotBit = (hash: number, shift: number): number => 1 << ((hash >>> shift) & 31);
const slotIndex = (bits: number, bit: number): number => countBits(bits & (bit - 1));

/** The branch itself when the edit owns it, else a copy it owns. */
function own<V>(branch: Branch<V>, edit: Edit | undefined): Branch<V> {
  return edit !== undefined && branch.edit === edit ? branch : { edit, bits: branch.bits, slots: branch.slots.slice() };
}

/** A branch that holds two nodes of different hash, as deep as their hashes agree. */
function join<V>(a: Leaf<V> | Bucket<V>, b: Leaf<V>, shift: number, edit: Edit | undefined): Branch<V> {
  const bitA = slotBit(a.hash, shift);
  const bitB = slotBit(b.hash, shift);
  if (bitA === bitB) return { edit, bits: bitA, slots: [join(a, b, shift + 5, edit)] };
  // The sign bit is the highest slot, so the comparison must be unsigned.
  return { edit, bits: bitA | bitB, slots: bitA >>> 0 < bitB >>> 0 ? [a, b] : [b, a] };
}

function insert<V>(node: Node<V>, leaf: Leaf<V>, shift: number, edit: Edit | undefined): Node<V> {
  if (!isBranch(node)) {
    if (node.hash !== leaf.hash) return join(node, leaf, shift, edit);
    const others = isBucket(node) ? node.leaves.filter((l) => l.key !== leaf.key) : node.key === leaf.key ? [] : [node];
    return others.length === 0 ? leaf : { hash: leaf.hash, leaves: [...others, leaf] };
  }
  const bit = slotBit(leaf.hash, shift);
  const index = slotIndex(node.bits, bit);
  const mine = own(node, edit);
  const there = (node.bits & bit) === 0 ? undefined : node.slots[index];
  if (there === undefined) {
    mine.slots.splice(index, 0, leaf);
    mine.bits |= bit;
  } else mine.slots[index] = insert(there, leaf, shift + 5, edit);
  return mine;
}

/** The key is known to be there. Undefined when nothing is left; a branch left with one leaf gives way to it. */
function remove<V>(node: Node<V>, key: Key, hash: number, shift: number, edit: Edit | undefined): Node<V> | undefined {
  if (!isBranch(node)) {
    if (!isBucket(node)) return undefined;
    const leaves = node.leaves.filter((leaf) => leaf.key !== key);
    return leaves.length === 1 ? leaves[0] : { hash, leaves };
  }
  const bit = slotBit(hash, shift);
  const index = slotIndex(node.bits, bit);
  const there = node.slots[index];
  const left = there && remove(there, key, hash, shift + 5, edit);
  const mine = own(node, edit);
  if (left === undefined) {
    mine.slots.splice(index, 1);
    mine.bits &= ~bit;
  } else mine.slots[index] = left;
  const [first] = mine.slots;
  if (first === undefined) return undefined;
  return mine.slots.length === 1 && !isBranch(first) ? first : mine;
}

function find<V>(root: Node<V> | undefined, key: Key): Leaf<V> | undefined {
  if (root === undefined) return undefined;
  const hash = hashOf(key);
  let node: Node<V> = root;
  for (let shift = 0; isBranch(node); shift += 5) {
    const bit = slotBit(hash, shift);
    if ((node.bits & bit) === 0) return undefined;
    const next: Node<V> | undefined = node.slots[slotIndex(node.bits, bit)];
    if (next === undefined) return undefined;
    node = next;
  }
  if (isBucket(node)) return node.leaves.find((leaf) => leaf.key === key);
  return node.key === key ? node : undefined;
}

/** With a stack of its own: nested generators cost a resumption per level and leaf. */
function* leavesOf<V>(root: Node<V> | undefined): Generator<Leaf<V>> {
  const stack = root === undefined ? [] : [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (isBranch(node)) stack.push(...node.slots);
    else if (isBucket(node)) yield* node.leaves;
    else yield node;
  }
}

export class PersistentMap<K extends Key, V> {
  readonly size: number;
  readonly #root: Node<V> | undefined;

  private constructor(root: Node<V> | undefined, size: number) {
    this.#root = root;
    this.size = size;
  }

  static empty<K extends Key, V>(): PersistentMap<K, V> {
    return new PersistentMap<K, V>(undefined, 0);
  }

  get(key: K): V | undefined {
    return find(this.#root, key)?.value;
  }

  has(key: K): boolean {
    return find(this.#root, key) !== undefined;
  }

  /** With an edit, nodes made under the same edit change in place: the map it is called on must not be used again. */
  set(key: K, value: V, edit?: Edit): PersistentMap<K, V> {
    const there = find(this.#root, key);
    if (there !== undefined && there.value === value) return this;
    const leaf: Leaf<V> = { hash: hashOf(key), key, value };
    const root = this.#root === undefined ? leaf : insert(this.#root, leaf, 0, edit);
    return new PersistentMap<K, V>(root, there === undefined ? this.size + 1 : this.size);
  }

  delete(key: K, edit?: Edit): PersistentMap<K, V> {
    if (this.#root === undefined || !this.has(key)) return this;
    return new PersistentMap<K, V>(remove(this.#root, key, hashOf(key), 0, edit), this.size - 1);
  }

  *keys(): Generator<K> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only set() makes leaves, and it takes K
    for (const leaf of leavesOf(this.#root)) yield leaf.key as K;
  }

  *values(): Generator<V> {
    for (const leaf of leavesOf(this.#root)) yield leaf.value;
  }

  [Symbol.iterator](): Iterator<V> {
    return this.values();
  }
}
