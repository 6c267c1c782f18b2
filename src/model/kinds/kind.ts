/**
 * What a kind of object must bring along: a schema, Contiv's names for its fields, a reader, references and claims.
 * Neighbours: one file a kind beside this; registry.ts lists them; ../read.ts and ../judge.ts use them.
 * Invariant: read() is pure; it gets input that satisfies the schema and answers an object whose spec is in normal form.
 */
import type { TSchema } from 'typebox';
import type { Kind, ObjectOf, Ref, State } from '../types.js';
import type { Say } from '../problems.js';

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** JSON fields of one object, names already canonical. */
export type Fields = Record<string, unknown>;

/** An object named in a field. */
export interface Reference {
  readonly field: string;
  readonly ref: Ref;
}

/**
 * Something only one object may have at a time: a value of some sort, within a scope. The parts stay apart because
 * all of them are strings that exist anyway; a joined key for each would double the memory of a large state.
 */
export interface Claim {
  readonly field: string;
  readonly sort: ClaimSort;
  /** '' for the whole host, else the key of a tenant or network. */
  readonly scope: string;
  readonly value: string;
  /** Who has it, where that is not the object by its key. */
  readonly holder?: string;
}

export type ClaimSort = 'VLAN' | 'VNI' | 'MAC' | 'IP' | 'interface' | 'port';

export interface KindRules<K extends Kind = Kind> {
  readonly kind: K;
  readonly schema: TSchema;
  /** The fields that make up the key, in order; none for settings. */
  readonly identity: readonly string[];
  /** Contiv's and other callers' name → ours. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Contiv's fields about its own book-keeping and allocation: taken with the object and not kept, for nothing on a switch follows from them. */
  readonly bookkeeping?: ReadonlySet<string>;
  /** Rewrites what is more than a rename, before the schema is checked. It may replace and delete fields. */
  readonly rewrite?: (fields: Fields, written: Trace) => void;
  /** Input → object with id 0; the judge numbers and freezes it. Undefined when a problem was reported. */
  readonly read: (input: never, say: Say) => Mutable<ObjectOf[K]>;
  readonly references: (object: ObjectOf[K]) => readonly Reference[];
  readonly claims?: (object: ObjectOf[K]) => readonly Claim[];
  /** Addresses (with their tenant) that it names and that nobody needs to have. */
  readonly mentions?: (object: ObjectOf[K]) => readonly string[];
  /** Its JSON without what goes and it can do without; undefined when it has to go, too. */
  readonly without?: (object: ObjectOf[K], goes: (ref: Ref) => boolean) => Fields | undefined;
  /** Rules that need the other objects of the state as it would be. */
  readonly check?: (object: ObjectOf[K], state: State, say: Say) => void;
}

/** Our name of a field → the one the caller wrote, so that a problem points there. */
export type Trace = Map<string, string>;

/** The empty list, of which one is enough: most endpoints and rules have several lists with nothing in them. */
export const nothing: readonly never[] = Object.freeze([]);
/** Leaves out what is undefined, so that a spec holds only what it says. */
export function defined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  const kept: Fields = {};
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name];
  return kept as T;
}

/** Drops Contiv's way of saying "not given" where its encoder does not leave fields out. */
export function dropEmpty(fields: Fields, ...names: string[]): void {
  for (const name of names) if (fields[name] === '') delete fields[name];
}

/** The same for Contiv's numbers that start at 1. Only for its own names: a 0 under one of ours is a mistake. */
export function dropZero(fields: Fields, ...names: string[]): void {
  for (const name of names) if (fields[name] === 0 || fields[name] === '') delete fields[name];
}

/** Drops fields that Contiv has for something else, as long as they say nothing. */
export function dropBlank(fields: Fields, ...names: string[]): void {
  for (const name of names) {
    const value = fields[name];
    if (value === '' || value === 0 || (Array.isArray(value) && value.length === 0)) delete fields[name];
  }
}
