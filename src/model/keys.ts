/**
 * Keys in paths: `blue/web-policy/10` ↔ the fields that make it up.
 * Neighbours: src/api fills the identity of a PUT body from its path, src/cli parses `kind/key` arguments.
 * Invariant: keyFields(kind, object.key) are the identity fields of the object's spec.
 */
import { formatAddress, formatCidr, parseAddress, parseCidr } from './addr.js';
import { rulesOf } from './kinds/registry.js';
import type { Kind } from './types.js';

/** The identity fields of a kind, in the order of its key; none for settings. */
export function identityFields(kind: Kind): readonly string[] {
  return rulesOf(kind).identity;
}

/** Addresses and prefixes are written in many ways; the key is the shortest. */
export function normalKey(kind: Kind, key: string): string {
  const address = kind === 'peer' ? parseAddress(key) : undefined;
  if (address !== undefined) return formatAddress(address);
  const [tenant, prefix] = kind === 'route' ? splitKey(key, identityFields(kind)) : [];
  const cidr = prefix === undefined ? undefined : parseCidr(prefix);
  return cidr === undefined ? key : `${tenant}/${formatCidr(cidr)}`;
}

/** A key apart. A route's prefix has a slash of its own, so what is left over belongs to the last part of such a key. */
export function splitKey(key: string, names: readonly string[]): string[] {
  const parts = key === '' ? [] : key.split('/');
  if (names.at(-1) === 'prefix' && parts.length > names.length) parts.push(parts.splice(names.length - 1).join('/'));
  return parts;
}

/** `rule`, `blue/web-policy/10` → {tenant, policy, id}; undefined when the key has another number of parts. */
export function keyFields(kind: Kind, key: string): Readonly<Record<string, string>> | undefined {
  const names = identityFields(kind);
  const parts = splitKey(key, names);
  if (parts.length !== names.length || parts.includes('')) return undefined;
  return Object.fromEntries(names.map((name, i) => [name, parts[i] ?? '']));
}

/**
 * A PUT body as judge() takes it: kind and identity from the path where the body leaves them out.
 * A body that names another object keeps its own fields, and judge() or the caller sees that they differ.
 */
export function withIdentity(
  kind: Kind,
  key: string,
  body: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const aliases = rulesOf(kind).aliases;
  const said = new Set(Object.keys(body).map((name) => aliases[name] ?? name));
  const filled: Record<string, unknown> = { kind };
  for (const [name, part] of Object.entries(keyFields(kind, key) ?? {})) if (!said.has(name)) filled[name] = part;
  return { ...filled, ...body };
}
