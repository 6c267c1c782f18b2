/**
 * Keys that many objects refer to, each kept once: a hundred thousand endpoints name the same few groups and networks, and looking such
 * a group up reads one string, which is warm, instead of one for each endpoint, which is not.
 * Neighbours: kinds/ read objects with it. Invariant: an answer equals the question; which string it is means nothing.
 */

/** More than these at a time, and they are collected anew: what was given out stays as it is. */
const mostNames = 16_384;

const names = new Map<string, string>();

/** The string that stands for all that equal it. */
export function shared(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (names.size >= mostNames) names.clear();
  names.set(name, name);
  return name;
}
