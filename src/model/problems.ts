/**
 * The codes of problems inside a refused request, and the way a reader reports one.
 * Neighbours: the kinds and judge.ts report, src/api passes them on, src/cli prints them.
 * Invariant: codes are public names (pinned by test/model/errors.test.ts).
 */
import type { Problem } from './errors.js';

export const problemCodes = [
  /** Not an object, or a field of another JSON type. */
  'wrong_type',
  'unknown_kind',
  'unknown_field',
  'missing_field',
  /** Not one of the words the field knows. */
  'bad_value',
  'bad_name',
  /** Not an address, prefix or MAC, or one that nobody may use here. */
  'bad_address',
  'out_of_range',
  /** A value that is understood, and that nothing here can act on. */
  'not_supported',
  /** Fields that are each right but not together. */
  'contradiction',
  'no_such_object',
  /** The same VLAN, VNI, MAC, IP, interface or object twice. */
  'duplicate',
  'outside_subnet',
  /** Subnets of one tenant that share addresses. */
  'overlap',
  /** A delete of what others refer to. */
  'in_use',
  /** An id space is exhausted. */
  'limit',
] as const;

export type ProblemCode = (typeof problemCodes)[number];

/** Reports a problem at a field of the object being read: `vlan`, `cidrs/3`; '' for the object itself. */
export type Say = (field: string, code: ProblemCode, message: string, suggestion?: string) => void;

/** Escapes one token of a JSON pointer (RFC 6901 §3). */
export function pointerToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

export function problem(pointer: string, code: ProblemCode, message: string, suggestion?: string): Problem {
  return suggestion === undefined ? { pointer, code, message } : { pointer, code, message, suggestion };
}

/** `an endpoint`, `a rule`. */
export const article = (noun: string): string => `${/^[aeiouI]/.test(noun) ? 'an' : 'a'} ${noun}`;
