/**
 * Keys in paths: `blue/web-policy/10` ↔ the fields that make it up.
 * Neighbours: src/api fills the identity of a PUT body from its path, src/cli parses `kind/key` arguments.
 * Invariant: keyFields(kind, object.key) are the identity fields of the object's spec.
 */
import { rulesOf } from './kinds/registry.js';
import type { Kind } from './types.js';

/** The identity fields of a kind, in the order of its key; none for settings. */
export function identityFields(kind: Kind): readonly string[] {
  return rulesOf(kind).identity;
}

/** `rule`, `blue/web-policy/10` → {tenant, policy, id}; undefined when the key has another number of parts. */
export function keyFields(kind: Kind, key: string): Readonly<Record<string, string>> | undefined {
  const names = identityFields(kind);
  const parts = key === '' ? [] : key.split('/');
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
