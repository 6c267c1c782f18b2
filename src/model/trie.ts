/**
 * A persistent map for small sets and small changes: a hash array mapped trie, 32 ways a level (Bagwell 2001).
 * Neighbours: collection.ts keeps recent changes in it, over a plain Map of the bulk.
 * Invariant: a version nobody holds the Edit of never changes; set and delete cost O(log n) and share the rest.
 */
import { hash32 } from './ids.js';

/** Permission to change nodes in place: a symbol held by one builder and dropped when it is done. */
export type Edit = symbol;

export type Key = string | number;

const leafTag = 0;
const bucketTag = 1;
const branchTag = 2;

interface Leaf<V> {
  readonly tag: typeof leafTag;
  readonly hash: number;
  readonly key: Key;
  readonly value: V;
}

/** Leaves whose hashes are equal in all 32 bits. */
interface Bucket<V> {
  readonly tag: typeof bucketTag;
  readonly hash: number;
  readonly leaves: readonly Leaf<V>[];
}

/** Bit i of `bits` says that slot i is there; `slots` holds only those, in order. */
interface Branch<V> {
  readonly tag: typeof branchTag;
  readonly edit: Edit | undefined;
  bits: number;
  readonly slots: Node<V>[];
}

type Node<V> = Leaf<V> | Bucket<V> | Branch<V>;

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

const branch = <V>(edit: Edit | undefined, bits: number, slots: Node<V>[]): Branch<V> => ({
  tag: branchTag,
  edit,
  bits,
  slots,
});

/** The branch itself when the edit owns it, else a copy it owns. */
function own<V>(node: Branch<V>, edit: Edit | undefined): Branch<V> {
  return edit !== undefined && node.edit === edit ? node : branch(edit, node.bits, node.slots.slice());
}

/** A branch that holds two nodes of different hash, as deep as their hashes agree. */
function join<V>(a: Leaf<V> | Bucket<V>, b: Leaf<V>, shift: number, edit: Edit | undefined): Branch<V> {
  const bitA = slotBit(a.hash, shift);
  const bitB = slotBit(b.hash, shift);
  if (bitA === bitB) return branch(edit, bitA, [join(a, b, shift + 5, edit)]);
  // The sign bit is the highest slot, so the comparison must be unsigned.
  return branch(edit, bitA | bitB, bitA >>> 0 < bitB >>> 0 ? [a, b] : [b, a]);
}

/** What the last insert or remove did to the number of leaves; read at once by its caller, for there is one thread. */
let grown = 0;

/** Answers the node itself when it need not be replaced: nothing changed, or it changed in place. */
function insert<V>(node: Node<V>, key: Key, hash: number, value: V, shift: number, edit: Edit | undefined): Node<V> {
  if (node.tag !== branchTag) return insertBeside(node, { tag: leafTag, hash, key, value }, shift, edit);
  const bit = slotBit(hash, shift);
  const index = slotIndex(node.bits, bit);
  const there = (node.bits & bit) === 0 ? undefined : node.slots[index];
  if (there === undefined) {
    const mine = own(node, edit);
    mine.slots.splice(index, 0, { tag: leafTag, hash, key, value });
    mine.bits |= bit;
    grown = 1;
    return mine;
  }
  const next = insert(there, key, hash, value, shift + 5, edit);
  if (next === there) return node;
  const mine = own(node, edit);
  mine.slots[index] = next;
  return mine;
}

function insertBeside<V>(node: Leaf<V> | Bucket<V>, leaf: Leaf<V>, shift: number, edit: Edit | undefined): Node<V> {
  grown = 1;
  if (node.hash !== leaf.hash) return join(node, leaf, shift, edit);
  const leaves = node.tag === bucketTag ? node.leaves : [node];
  const there = leaves.find((other) => other.key === leaf.key);
  if (there === undefined) return { tag: bucketTag, hash: leaf.hash, leaves: [...leaves, leaf] };
  grown = 0;
  if (there.value === leaf.value) return node;
  if (node.tag === leafTag) return leaf;
  return { ...node, leaves: leaves.map((other) => (other === there ? leaf : other)) };
}

/** Undefined when nothing is left; a branch left with one leaf gives way to it. The node itself as in insert(). */
function remove<V>(node: Node<V>, key: Key, hash: number, shift: number, edit: Edit | undefined): Node<V> | undefined {
  if (node.tag !== branchTag) return removeFrom(node, key);
  const bit = slotBit(hash, shift);
  const index = slotIndex(node.bits, bit);
  const there = (node.bits & bit) === 0 ? undefined : node.slots[index];
  if (there === undefined) return node;
  const next = remove(there, key, hash, shift + 5, edit);
  if (next === there) return node;
  const mine = own(node, edit);
  if (next === undefined) {
    mine.slots.splice(index, 1);
    mine.bits &= ~bit;
  } else mine.slots[index] = next;
  const [first] = mine.slots;
  return mine.slots.length > 1 || first?.tag === branchTag ? mine : first;
}

function removeFrom<V>(node: Leaf<V> | Bucket<V>, key: Key): Node<V> | undefined {
  const leaves = node.tag === bucketTag ? node.leaves : [node];
  const left = leaves.filter((leaf) => leaf.key !== key);
  if (left.length === leaves.length) return node;
  grown = -1;
  return left.length > 1 ? { tag: bucketTag, hash: node.hash, leaves: left } : left[0];
}

function find<V>(root: Node<V> | undefined, key: Key): Leaf<V> | undefined {
  if (root === undefined) return undefined;
  const hash = hashOf(key);
  let node: Node<V> = root;
  for (let shift = 0; node.tag === branchTag; shift += 5) {
    const bit = slotBit(hash, shift);
    const next: Node<V> | undefined = (node.bits & bit) === 0 ? undefined : node.slots[slotIndex(node.bits, bit)];
    if (next === undefined) return undefined;
    node = next;
  }
  if (node.tag === bucketTag) return node.leaves.find((leaf) => leaf.key === key);
  return node.key === key ? node : undefined;
}

/** With a stack of its own: nested generators cost a resumption per level and leaf. */
function* leavesOf<V>(root: Node<V> | undefined): Generator<Leaf<V>> {
  const stack = root === undefined ? [] : [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.tag === branchTag) stack.push(...node.slots);
    else if (node.tag === bucketTag) yield* node.leaves;
    else yield node;
  }
}

export class Trie<K extends Key, V> {
  #root: Node<V> | undefined;
  #size: number;
  readonly #edit: Edit | undefined;

  private constructor(root: Node<V> | undefined, size: number, edit: Edit | undefined) {
    this.#root = root;
    this.#size = size;
    this.#edit = edit;
  }

  static empty<K extends Key, V>(): Trie<K, V> {
    return new Trie<K, V>(undefined, 0, undefined);
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    return find(this.#root, key)?.value;
  }

  has(key: K): boolean {
    return find(this.#root, key) !== undefined;
  }

  /** With an edit, what was made under the same edit (this map, too) changes in place. */
  set(key: K, value: V, edit?: Edit): Trie<K, V> {
    const hash = hashOf(key);
    if (this.#root === undefined) {
      grown = 1;
      return this.#with({ tag: leafTag, hash, key, value }, edit);
    }
    grown = 0;
    return this.#with(insert(this.#root, key, hash, value, 0, edit), edit);
  }

  delete(key: K, edit?: Edit): Trie<K, V> {
    if (this.#root === undefined) return this;
    grown = 0;
    return this.#with(remove(this.#root, key, hashOf(key), 0, edit), edit);
  }

  #with(root: Node<V> | undefined, edit: Edit | undefined): Trie<K, V> {
    if (edit !== undefined && this.#edit === edit) {
      this.#root = root;
      this.#size += grown;
      return this;
    }
    return root === this.#root && grown === 0 ? this : new Trie<K, V>(root, this.#size + grown, edit);
  }

  *entries(): Generator<[K, V]> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only set() makes leaves, and it takes K
    for (const leaf of leavesOf(this.#root)) yield [leaf.key as K, leaf.value];
  }
}
