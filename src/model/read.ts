/**
 * One object of a request: JSON in, object of its kind out, or every problem in it.
 * Neighbours: kinds/ say what each kind is, explain.ts words what a schema refuses, judge.ts collects.
 * Invariant: no field is ignored: it is used, or refused; only Contiv's own book-keeping is neither.
 */
import { Compile, type Validator } from 'typebox/compile';
import { explainSchema } from './explain.js';
import type { Fields, KindRules, Mutable, Trace } from './kinds/kind.js';
import { isKind, kindAliases, kinds, rulesOf } from './kinds/registry.js';
import { article, pointerToken, type Say } from './problems.js';
import { didYouMean } from './suggest.js';
import type { AnyObject, Kind, Ref } from './types.js';
import type { Voice, Written } from './voice.js';

/** A readable object, or what could be made out of an unreadable one. */
export interface ReadResult {
  readonly object?: Mutable<AnyObject>;
  /** What it was going to be, when it has problems but its identity could be read. */
  readonly failed?: Ref;
  /** The caller's names for the fields, where they are not ours. */
  readonly written?: Written;
}

/** Contiv's envelope around each object; it says nothing that the fields do not say. */
const envelope: ReadonlySet<string> = new Set(['key', 'links', 'link-sets']);

const validators = new Map<Kind, Validator>();

/** Compiled on first use: a CLI that never validates does not pay for it. */
function validatorOf(rules: KindRules): Validator {
  let validator = validators.get(rules.kind);
  if (validator === undefined) validators.set(rules.kind, (validator = Compile(rules.schema)));
  return validator;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads what the voice was turned to. */
export function readObject(raw: unknown, voice: Voice): ReadResult {
  if (!isFields(raw)) {
    voice.say('', 'wrong_type', 'an object is expected here, such as {"kind": "tenant", "name": "blue"}');
    return {};
  }
  const kind = isKind(raw['kind']) ? raw['kind'] : readKind(raw['kind'], voice.say);
  return kind === undefined ? {} : readFields(rulesOf(kind), raw, voice);
}

function readKind(word: unknown, say: Say): Kind | undefined {
  if (word === undefined) {
    say('kind', 'missing_field', 'kind is missing', `one of ${kinds.join(', ')}`);
  } else if (typeof word !== 'string') {
    say('kind', 'wrong_type', 'kind must be a string');
  } else if (Object.hasOwn(kindAliases, word)) {
    return kindAliases[word];
  } else {
    say(
      'kind',
      'unknown_kind',
      `there is no kind \`${word}\``,
      didYouMean(word, kinds) ?? `one of ${kinds.join(', ')}`,
    );
  }
  return undefined;
}

function readFields(rules: KindRules, raw: Fields, voice: Voice): ReadResult {
  const { say } = voice;
  const fields: Fields = { kind: rules.kind };
  const written: Trace = new Map();
  for (const name in raw) {
    if (name === 'kind' || envelope.has(name) || rules.bookkeeping?.has(name) === true) continue;
    // JSON.parse makes it a field like any other; assigned, it would be a prototype that no check sees.
    if (name === '__proto__') {
      say(name, 'unknown_field', `${article(rules.kind)} has no field \`${name}\``);
      continue;
    }
    const ours = Object.hasOwn(rules.aliases, name) ? rules.aliases[name] : undefined;
    if (ours === undefined) fields[name] = raw[name];
    else if (Object.hasOwn(raw, ours) || written.has(ours)) {
      const other = written.get(ours) ?? ours;
      say(pointerToken(name), 'contradiction', `${name} and ${other} are two names of one field`, 'keep one of them');
    } else {
      fields[ours] = raw[name];
      written.set(ours, name);
    }
  }
  rules.rewrite?.(fields, written);
  if (written.size > 0) voice.written = written;
  checkNames(rules, fields, say);
  const validator = validatorOf(rules);
  if (!validator.Check(fields)) explainSchema(validator.Errors(fields), rules.schema, fields, say);
  if (!voice.clean) return failed(readRef(rules, fields));
  const object = rules.read(fields as never, say);
  if (!voice.clean) return failed({ kind: rules.kind, key: object.key });
  return written.size > 0 ? { object, written } : { object };
}

const failed = (ref: Ref | undefined): ReadResult => (ref === undefined ? {} : { failed: ref });

/** Fields the kind does not have. */
function checkNames(rules: KindRules, fields: Fields, say: Say): void {
  const properties: unknown = 'properties' in rules.schema ? rules.schema.properties : {};
  if (!isFields(properties)) return;
  for (const name in fields) {
    if (!Object.hasOwn(properties, name)) {
      const known = [...Object.keys(properties), ...Object.keys(rules.aliases)];
      say(
        pointerToken(name),
        'unknown_field',
        `${article(rules.kind)} has no field \`${name}\``,
        didYouMean(name, known),
      );
      delete fields[name];
    }
  }
}

/** The key, when the identity is at least made of strings. */
function readRef(rules: KindRules, fields: Fields): Ref | undefined {
  const parts = rules.identity.map((name) => fields[name]);
  return parts.every((part) => typeof part === 'string') ? { kind: rules.kind, key: parts.join('/') } : undefined;
}
