/**
 * Refs as text and as map keys.
 * Neighbours: everything in this room that has to name objects.
 * Invariant: two refs are the same object if and only if their texts are equal.
 */
import type { AnyObject, Kind, Ref } from './types.js';

export function refOf(object: AnyObject): Ref {
  return { kind: object.kind, key: object.key };
}

/** `network blue/front`, for messages. */
export function refText(ref: Ref): string {
  return ref.key === '' ? ref.kind : `${ref.kind} ${ref.key}`;
}

/** A map by ref, without making a string of each of a hundred thousand. */
export class RefMap<V> {
  readonly #kinds = new Map<Kind, Map<string, V>>();

  get(ref: Ref): V | undefined {
    return this.#kinds.get(ref.kind)?.get(ref.key);
  }

  has(ref: Ref): boolean {
    return this.#kinds.get(ref.kind)?.has(ref.key) ?? false;
  }

  set(ref: Ref, value: V): void {
    const there = this.#kinds.get(ref.kind);
    if (there === undefined) this.#kinds.set(ref.kind, new Map([[ref.key, value]]));
    else there.set(ref.key, value);
  }

  delete(ref: Ref): void {
    this.#kinds.get(ref.kind)?.delete(ref.key);
  }

  *values(): Generator<V> {
    for (const keys of this.#kinds.values()) yield* keys.values();
  }
}
