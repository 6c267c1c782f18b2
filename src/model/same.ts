/**
 * Equality of JSON values: is what is put already so?
 * Neighbours: judge.ts compares normal forms with it.
 * Invariant: the order of keys means nothing, the order of a list does.
 */
type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null;

export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isJson(a) || !isJson(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  let names = 0;
  for (const name in a) {
    if (!Object.hasOwn(b, name) || !sameJson(a[name], b[name])) return false;
    names++;
  }
  return names === Object.keys(b).length;
}
