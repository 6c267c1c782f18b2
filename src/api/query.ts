/**
 * Reads query parameters by their TypeBox schema: text to boolean, integer or word.
 * Neighbours: schemas/queries.ts; app.ts installs it as the validator. Bodies pass untouched: the model judges them.
 * Invariant: an unknown parameter or value is refused with a suggestion, all of them at once.
 */
import type { TObject, TSchema } from 'typebox';
import { IsBoolean, IsEnum, IsInteger, IsObject } from 'typebox/type';
import { SluiceError } from '../model/errors.js';
import type { Problem } from '../model/errors.js';
import { nearest } from '../model/suggest.js';

type Read = { readonly value: unknown } | { readonly message: string; readonly suggestion?: string };

function suggest(word: string, known: readonly string[]): { suggestion?: string } {
  const near = nearest(word, known);
  return near === undefined ? {} : { suggestion: `did you mean \`${near}\`?` };
}

function readWord(text: string, words: readonly string[]): Read {
  if (words.includes(text)) return { value: text };
  return { message: `"${text}" is none of ${words.join(', ')}`, ...suggest(text, words) };
}

function limit(schema: unknown, name: string, otherwise: number): number {
  const value = isRecord(schema) ? schema[name] : undefined;
  return typeof value === 'number' ? value : otherwise;
}

function readValue(schema: TSchema, text: string): Read {
  if (IsBoolean(schema)) {
    // `?cascade` alone means yes.
    if (text === '' || text === 'true' || text === '1') return { value: true };
    if (text === 'false' || text === '0') return { value: false };
    return { message: `"${text}" is neither true nor false` };
  }
  if (IsInteger(schema)) {
    const minimum = limit(schema, 'minimum', 0);
    const maximum = limit(schema, 'maximum', Number.MAX_SAFE_INTEGER);
    const value = /^[0-9]+$/.test(text) ? Number(text) : NaN;
    if (value >= minimum && value <= maximum) return { value };
    return { message: `"${text}" is not a whole number from ${minimum} to ${maximum}` };
  }
  if (IsEnum(schema)) return readWord(text, schema.enum.map(String));
  return { value: text };
}

/** `?a=1&a=2` arrives as a list; no parameter of ours is one. */
function single(raw: unknown): Read {
  return typeof raw === 'string' ? { value: raw } : { message: 'is given more than once' };
}

export function readQuery(schema: TObject, query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, raw] of Object.entries(query)) {
    const part = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    const pointer = `/query/${name}`;
    if (part === undefined) {
      const message = `there is no parameter "${name}" here`;
      problems.push({ pointer, code: 'unknown_parameter', message, ...suggest(name, Object.keys(schema.properties)) });
      continue;
    }
    const text = single(raw);
    const read = 'value' in text ? readValue(part, String(text.value)) : text;
    if ('value' in read) values[name] = read.value;
    else problems.push({ pointer, code: 'bad_parameter', ...read, message: `${name} ${read.message}` });
  }
  if (problems.length > 0) {
    throw new SluiceError('malformed', problems.map(({ message }) => message).join('; '), { problems });
  }
  return values;
}

/** Fastify's validator: query strings by schema, everything else as it came. */
export function compileValidator({ schema, httpPart }: { schema: unknown; httpPart?: string }) {
  return (data: unknown): { value: unknown } | { error: Error } => {
    if (httpPart !== 'querystring' || !isObjectSchema(schema)) return { value: data };
    try {
      return { value: readQuery(schema, isRecord(data) ? data : {}) };
    } catch (error) {
      if (error instanceof Error) return { error };
      throw error;
    }
  };
}

function isObjectSchema(schema: unknown): schema is TObject {
  return IsObject(schema);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
