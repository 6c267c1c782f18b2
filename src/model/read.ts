/**
 * One object of a request: JSON in, object of its kind out, or every problem in it.
 * Neighbours: kinds/ say what each kind is, explain.ts words what a schema refuses, judge.ts collects.
 * Invariant: no field is ignored: it is used, or refused.
 */
import { Compile, type Validator } from 'typebox/compile';
import type { Problem } from './errors.js';
import { explainSchema } from './explain.js';
import type { Fields, KindRules, Mutable } from './kinds/kind.js';
import { isKind, kindAliases, kinds, laterKinds, rulesOf } from './kinds/registry.js';
import { problem, pointerToken, type ProblemCode, type Say } from './problems.js';
import { didYouMean } from './suggest.js';
import type { AnyObject, Kind, Ref } from './types.js';

/** A readable object, or what could be made out of an unreadable one. */
export interface ReadResult {
  readonly object?: Mutable<AnyObject>;
  /** What the object was going to be, when its identity could be read although it has problems. */
  readonly ref?: Ref;
  /** Reports a problem at one of its fields, under the name that the caller wrote. */
  readonly say: Say;
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

export function readObject(raw: unknown, pointer: string, report: (p: Problem) => void): ReadResult {
  const sayAt = (field: string, code: ProblemCode, message: string, suggestion?: string) =>
    report(problem(field === '' ? pointer : `${pointer}/${field}`, code, message, suggestion));
  if (!isFields(raw)) {
    sayAt('', 'wrong_type', 'an object is expected here, such as {"kind": "tenant", "name": "blue"}');
    return { say: sayAt };
  }
  const kind = readKind(raw['kind'], sayAt);
  return kind === undefined ? { say: sayAt } : readFields(rulesOf(kind), raw, sayAt);
}

function readKind(word: unknown, say: Say): Kind | undefined {
  if (isKind(word)) return word;
  if (word === undefined) {
    say('kind', 'missing_field', 'kind is missing', `one of ${kinds.join(', ')}`);
  } else if (typeof word !== 'string') {
    say('kind', 'wrong_type', 'kind must be a string');
  } else if (Object.hasOwn(kindAliases, word)) {
    return kindAliases[word];
  } else if (laterKinds.includes(word)) {
    say('kind', 'not_supported', `objects of kind \`${word}\` are not supported yet`);
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

function readFields(rules: KindRules, raw: Fields, sayAt: Say): ReadResult {
  let clean = true;
  let written: Map<string, string> | undefined;
  const trace = (ours: string, theirs: string) => void (written ??= new Map()).set(ours, theirs);
  const say: Say = (field, code, message, suggestion) => {
    clean = false;
    sayAt(written === undefined ? field : writtenAs(written, field), code, message, suggestion);
  };
  const fields: Fields = { kind: rules.kind };
  for (const name in raw) {
    if (name === 'kind' || envelope.has(name)) continue;
    const ours = Object.hasOwn(rules.aliases, name) ? rules.aliases[name] : undefined;
    if (ours === undefined) {
      if (fields[name] === undefined || fields[name] === raw[name]) fields[name] = raw[name];
      else say(name, 'contradiction', `${written?.get(name) ?? name} and ${name} are two names of one field`);
    } else if (Object.hasOwn(raw, ours) && raw[ours] !== raw[name]) {
      sayAt(pointerToken(name), 'contradiction', `${name} and ${ours} are two names of one field`, 'keep one of them');
      clean = false;
    } else {
      fields[ours] = raw[name];
      trace(ours, name);
    }
  }
  rules.rewrite?.(fields, trace);
  checkNames(rules, fields, say);
  const validator = validatorOf(rules);
  if (!validator.Check(fields)) explainSchema(validator.Errors(fields), rules.schema, fields, say);
  const ref = readRef(rules, fields);
  if (!clean) return ref === undefined ? { say } : { say, ref };
  const object = rules.read(fields as never, say);
  return clean
    ? { say, ref: { kind: rules.kind, key: object.key }, object }
    : { say, ref: { kind: rules.kind, key: object.key } };
}

/** `peer/cidrs/0` as the caller wrote it: `fromIpAddress`. The longest known beginning is replaced. */
function writtenAs(written: ReadonlyMap<string, string>, field: string): string {
  for (let end = field.length; end > 0; end = field.lastIndexOf('/', end - 1)) {
    const theirs = written.get(field.slice(0, end));
    if (theirs !== undefined) return pointerToken(theirs) + field.slice(end);
  }
  return field;
}

/** Fields the kind does not have, and those it has without effect yet. */
function checkNames(rules: KindRules, fields: Fields, say: Say): void {
  const properties: unknown = 'properties' in rules.schema ? rules.schema.properties : {};
  if (!isFields(properties)) return;
  for (const name in fields) {
    if (!Object.hasOwn(properties, name)) {
      const known = [...Object.keys(properties), ...Object.keys(rules.aliases)];
      say(pointerToken(name), 'unknown_field', `a ${rules.kind} has no field \`${name}\``, didYouMean(name, known));
      delete fields[name];
    } else if (Object.hasOwn(rules.notYet, name) && rules.notYet[name]?.(fields[name]) === true) {
      const value = fields[name];
      const shown = typeof value === 'string' ? `${name} \`${value}\` is` : `${name} is`;
      say(name, 'not_supported', `${shown} not supported yet`, 'leave it out');
      delete fields[name];
    }
  }
}

/** The key, when the identity is at least made of strings. */
function readRef(rules: KindRules, fields: Fields): Ref | undefined {
  const parts = rules.identity.map((name) => fields[name]);
  return parts.every((part) => typeof part === 'string') ? { kind: rules.kind, key: parts.join('/') } : undefined;
}
