/**
 * A map by owner key. Ids are kept signed, a map for each kind: an owner key is beyond 2^31, so V8 would keep each on the heap and call
 * out of compiled code to hash it, for a hundred thousand owners in one round.
 * Neighbours: status-book.ts keeps what is known of each object in it; src/model/ids.ts makes the keys.
 */
const span = 2 ** 32;

export class OwnerMap<V> {
  /** By number of the kind. */
  readonly #kinds: (Map<number, V> | undefined)[] = [];

  get(owner: number): V | undefined {
    return this.#kinds[Math.floor(owner / span)]?.get(owner | 0);
  }

  set(owner: number, value: V): void {
    (this.#kinds[Math.floor(owner / span)] ??= new Map()).set(owner | 0, value);
  }

  delete(owner: number): void {
    this.#kinds[Math.floor(owner / span)]?.delete(owner | 0);
  }
}
