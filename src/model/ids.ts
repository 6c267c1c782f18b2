/**
 * The numbers by which objects are known to the switch: kind numbers, 32-bit ids, owner keys.
 * Neighbours: src/pipeline turns owner keys into cookies; state.ts probes and stores the ids.
 * Invariant: kind numbers and the hash never change: they are in the cookies of running switches.
 */
import type { Kind } from './types.js';

/** High byte of a cookie. Numbers of kinds to come are reserved here, so that none is used twice. */
export const kindNumbers = {
  system: 1,
  tenant: 2,
  network: 3,
  group: 4,
  policy: 5,
  rule: 6,
  endpoint: 7,
  peer: 8,
  netProfile: 9,
  service: 10,
  route: 11,
  settings: 12,
  shared: 15,
} as const;

export type OwnerKind = keyof typeof kindNumbers;

/** Owner key: kind × 2^32 + id, an exact JS number below 2^40. */
export function ownerKey(kind: OwnerKind, id: number): number {
  return kindNumbers[kind] * 2 ** 32 + id;
}

const byNumber = new Map<number, OwnerKind>(Object.entries(kindNumbers).map(([kind, n]) => [n, kind as OwnerKind]));

/** The kind of an owner key; undefined for a number no kind has. */
export function ownerKind(owner: number): OwnerKind | undefined {
  return byNumber.get(Math.floor(owner / 2 ** 32));
}

export function ownerId(owner: number): number {
  return owner % 2 ** 32;
}

/** FNV-1a over UTF-16 units, then murmur3's finaliser, for FNV alone leaves the high bits of similar keys alike. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The first free number at or after the preferred one, wrapping within first…last; undefined when all are taken.
 * The same preference and the same taken set give the same number on every host.
 */
export function probe(
  preferred: number,
  first: number,
  last: number,
  taken: (n: number) => boolean,
): number | undefined {
  const span = last - first + 1;
  let n = first + (preferred % span);
  for (let tries = 0; tries < span; tries++) {
    if (!taken(n)) return n;
    n = n === last ? first : n + 1;
  }
  return undefined;
}

/** The id an object gets when nobody has it yet. 0 means "none" to the pipeline, so no object has it. */
export function preferredId(kind: Kind, key: string): number {
  return hash32(`${kind}\0${key}`);
}
