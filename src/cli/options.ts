/**
 * Flags that several commands share, and their readers.
 * Neighbours: the commands.
 */
import type { Level } from '../api/client.js';
import { parseRef, isKind, keyFits, keyForm, kindNames, kindOfWord, kinds } from '../api/schemas/kinds.js';
import { UsageError, nearest } from '../config/index.js';
import type { Flag, Parsed } from '../config/index.js';
import { valueOf } from './connect.js';

export const levelFlag: Flag = {
  name: 'level',
  type: 'value',
  placeholder: '<level>',
  help: 'When to come back: accepted is stored, committed is confirmed by the switch, effective is obeyed by packets. The default is committed.',
  example: '--level accepted',
};

export const cascadeFlag: Flag = {
  name: 'cascade',
  type: 'switch',
  help: 'Deletes what refers to the deleted object, too. Without it such a delete is refused with the list.',
  example: '--cascade',
};

export const dryRunFlag: Flag = {
  name: 'dry-run',
  type: 'switch',
  help: 'Judges the change against what the daemon knows. Nothing is stored and no packet is touched.',
  example: '--dry-run',
};

export function outputFlag(forms: string): Flag {
  return {
    name: 'output',
    short: 'o',
    type: 'value',
    placeholder: '<form>',
    help: `How to print: ${forms}. Without it a table is printed.`,
    example: '-o json',
  };
}

/** One of a few words, or undefined when the flag is not given. */
export function wordOf<const W extends string>(parsed: Parsed, name: string, words: readonly W[]): W | undefined {
  const text = valueOf(parsed, name);
  if (text === undefined) return undefined;
  const found = words.find((word) => word === text.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(text, words);
  throw new UsageError(`--${name}: "${text}" is none of ${words.join(', ')}`, {
    hint: near === undefined ? undefined : `did you mean ${near}?`,
  });
}

export function levelOf(parsed: Parsed): { level?: Level } {
  const level = wordOf(parsed, 'level', ['accepted', 'committed', 'effective']);
  return level === undefined ? {} : { level };
}

export type KindName = (typeof kindNames)[number];

export function kindOf(word: string): KindName {
  const kind = kindOfWord(word);
  if (kind !== undefined) return kind;
  const near = nearest(word, [...kindNames, ...kindNames.map((each) => kinds[each].plural)]);
  throw new UsageError(`there is no kind "${word}"`, {
    hint: near === undefined ? `kinds are ${kindNames.join(', ')}` : `did you mean ${near}?`,
  });
}

/** `network blue/front`, `network blue front` or `network/blue/front`. */
export function refsOf(positionals: readonly string[]): { kind: KindName; keys: readonly string[] } {
  const [first = '', ...rest] = positionals;
  const joined = rest.length === 0 && first.includes('/') ? parseRef(first) : undefined;
  if (joined !== undefined) return { kind: joined.kind, keys: [joined.key] };
  const kind = kindOf(first.split('/')[0] ?? '');
  const bad = rest.find((key) => !keyFits(kind, key));
  if (bad === undefined && !first.includes('/')) return { kind, keys: rest };
  const spread = rest.join('/');
  if (rest.length > 1 && keyFits(kind, spread)) return { kind, keys: [spread] };
  throw new UsageError(`"${bad ?? first}" is not the key of a ${kind}`, {
    hint:
      isKind(kind) && keyForm(kind) !== '' ? `write it as ${keyForm(kind)}` : `there is only one; leave the key out`,
  });
}
