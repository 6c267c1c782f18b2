/**
 * What a schema refuses, in words: one problem a field, with the bounds, the known words, or the nearest one.
 * Neighbours: read.ts calls it when the compiled schema said no.
 * Invariant: at least one problem is reported for every refusal.
 */
import type { TLocalizedValidationError } from 'typebox/error';
import type { TSchema } from 'typebox';
import { patternWords } from './kinds/fields.js';
import { article, type Say } from './problems.js';
import { didYouMean } from './suggest.js';

type Json = Record<string, unknown>;

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const child = (value: unknown, name: string): unknown => (isJson(value) ? value[name] : undefined);

/** The schema of a field, by its pointer: `/peer/cidrs/0` → properties.peer.properties.cidrs.items. */
function schemaAt(schema: unknown, tokens: readonly string[]): unknown {
  let at = schema;
  for (const token of tokens) at = child(child(at, 'properties'), token) ?? child(at, 'items');
  return at;
}

export function explainSchema(
  errors: readonly TLocalizedValidationError[],
  schema: TSchema,
  fields: unknown,
  say: Say,
): void {
  const told = new Set<string>();
  // A union reports each branch; only the union as such says something to a person.
  const unions = new Set(errors.filter((e) => e.keyword === 'anyOf').map((e) => e.instancePath));
  let silent = true;
  for (const error of errors) {
    const path = error.instancePath.slice(1);
    if ((unions.has(error.instancePath) && error.keyword !== 'anyOf') || error.keyword === 'boolean' || told.has(path))
      continue;
    told.add(path);
    silent = false;
    const tokens = path === '' ? [] : path.split('/');
    explainOne(error, path, schemaAt(schema, tokens), tokens.reduce<unknown>(child, fields), say);
  }
  if (silent) say('', 'bad_value', errors[0]?.message ?? 'refused by the schema');
}

function explainOne(error: TLocalizedValidationError, path: string, schema: unknown, value: unknown, say: Say): void {
  const label =
    path
      .replace(/\/[0-9]+$/, '')
      .split('/')
      .at(-1) || 'it';
  const shown = typeof value === 'string' || typeof value === 'number' ? `\`${value}\`` : label;
  const join = (name: string) => (path === '' ? name : `${path}/${name}`);
  switch (error.keyword) {
    case 'required':
      for (const name of error.params.requiredProperties) say(join(name), 'missing_field', `${name} is missing`);
      return;
    case 'additionalProperties': {
      const known = Object.keys(child(schema, 'properties') ?? {});
      for (const name of error.params.additionalProperties) {
        say(join(name), 'unknown_field', `${label} has no field \`${name}\``, didYouMean(name, known));
      }
      return;
    }
    case 'type':
      say(path, 'wrong_type', `${label} must be ${article(String(error.params.type))}, not ${typeName(value)}`);
      return;
    case 'minimum':
    case 'maximum':
      say(
        path,
        'out_of_range',
        `${label} ${shown} is outside ${String(child(schema, 'minimum'))}–${String(child(schema, 'maximum'))}`,
      );
      return;
    case 'enum':
    case 'anyOf':
      explainWord(path, label, shown, schema, value, say);
      return;
    case 'pattern':
    case 'minLength':
    case 'maxLength':
      say(path, 'bad_name', `${shown} is not ${patternWords.get(String(child(schema, 'pattern'))) ?? 'well formed'}`);
      return;
    case 'uniqueItems':
      say(path, 'duplicate', `${label} lists something twice`);
      return;
    case 'minItems':
    case 'minProperties':
      say(path, 'bad_value', `an empty ${label} would mean nobody`, `leave out ${label} for any`);
      return;
    default:
      say(path, 'bad_value', `${label} ${error.message}`);
  }
}

function explainWord(path: string, label: string, shown: string, schema: unknown, value: unknown, say: Say): void {
  const branches = child(schema, 'anyOf');
  const words: string[] = [];
  const forms: string[] = [];
  let bounds = '';
  for (const branch of Array.isArray(branches) ? branches : [schema]) {
    const known = child(branch, 'enum');
    const form = patternWords.get(String(child(branch, 'pattern')));
    if (Array.isArray(known)) words.push(...known.map(String));
    else if (form !== undefined) forms.push(form);
    else if (child(branch, 'type') === 'integer') {
      bounds = `${String(child(branch, 'minimum'))}–${String(child(branch, 'maximum'))}`;
      forms.push(`a number ${bounds}`);
    }
  }
  // Of a number and a form of text, a number can only have the wrong size.
  if (words.length === 0 && bounds !== '' && Number.isInteger(value)) {
    say(path, 'out_of_range', `${label} ${shown} is outside ${bounds}`);
    return;
  }
  const suggestion = typeof value === 'string' ? didYouMean(value, words) : undefined;
  const choice = [...(words.length > 0 ? [`one of ${words.join(', ')}`] : []), ...forms].join(' or ');
  say(path, 'bad_value', `${label} ${shown === label ? '' : `${shown} `}is not ${choice}`, suggestion);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : article(typeof value);
}
