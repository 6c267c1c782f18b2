/**
 * The command line in either dialect: `--vlan-if=eth1` and Go's `-vlan-if eth1 -debug=false` mean the same.
 * Neighbours: every command of src/cli declares its `Flag`s; settings.ts declares those of the daemon.
 * Invariant: node:util's parseArgs only ever sees long, known names; so no flag is ever taken apart into single letters.
 */
import { parseArgs } from 'node:util';
import { UsageError } from './errors.js';
import { nearest } from './suggest.js';

export interface Flag {
  /** Long name, without dashes. */
  readonly name: string;
  /** `value` takes one, `list` any number (repeated or comma separated), `switch` none. */
  readonly type: 'value' | 'list' | 'switch';
  readonly short?: string;
  readonly aliases?: readonly string[];
  /** What stands for the value in the help text, e.g. `<ip>`. */
  readonly placeholder?: string;
  /** Two plain sentences. */
  readonly help: string;
  readonly example: string;
}

export interface Parsed {
  /** By long name: text for `value`, a list for `list`, true or false for `switch`. Absent when not given. */
  readonly values: Readonly<Record<string, string | readonly string[] | boolean>>;
  readonly positionals: readonly string[];
}

const trueWords = new Set(['true', 't', '1', 'yes']);
const falseWords = new Set(['false', 'f', '0', 'no']);

interface Found {
  readonly flag: Flag;
  readonly negated: boolean;
}

class FlagTable {
  readonly #byName = new Map<string, Flag>();
  readonly #byShort = new Map<string, Flag>();

  constructor(flags: readonly Flag[]) {
    for (const flag of flags) {
      for (const name of [flag.name, ...(flag.aliases ?? [])]) this.#byName.set(name, flag);
      if (flag.short !== undefined) this.#byShort.set(flag.short, flag);
    }
  }

  long(name: string): Found | undefined {
    const flag = this.#byName.get(name);
    if (flag !== undefined) return { flag, negated: false };
    const positive = name.startsWith('no-') ? this.#byName.get(name.slice(3)) : undefined;
    return positive?.type === 'switch' ? { flag: positive, negated: true } : undefined;
  }

  short(letter: string): Flag | undefined {
    return this.#byShort.get(letter);
  }

  nearest(name: string): string | undefined {
    return nearest(name, this.#byName.keys());
  }
}

/** One argument that starts with a dash, taken apart: the flag, and its value when it is in the same argument. */
function recognise(arg: string, table: FlagTable, hints: Readonly<Record<string, string>>): Found & { value?: string } {
  const name = arg.replace(/^--?/, '').replace(/=.*$/s, '');
  const value = arg.includes('=') ? { value: arg.slice(arg.indexOf('=') + 1) } : {};
  const long = table.long(name);
  if (long !== undefined && (name.length > 1 || arg.startsWith('--'))) return { ...long, ...value };
  if (!arg.startsWith('--')) {
    const flag = table.short(name.slice(0, 1));
    if (flag !== undefined && name.length === 1) return { flag, negated: false, ...value };
    // kubectl's habit: -ojson, -fhost.yaml
    if (flag !== undefined && flag.type !== 'switch') return { flag, negated: false, value: arg.slice(2) };
  }
  const dashes = arg.startsWith('--') ? '--' : '-';
  const near = table.nearest(name);
  throw new UsageError(`unknown flag ${dashes}${name}`, {
    hint: hints[name] ?? (near === undefined ? undefined : `did you mean --${near}?`),
  });
}

function switchValue(name: string, found: Found, text: string | undefined): boolean {
  if (text === undefined) return !found.negated;
  const on = trueWords.has(text.toLowerCase());
  if (!on && !falseWords.has(text.toLowerCase())) {
    throw new UsageError(`--${name} is a switch: it takes true or false, not "${text}"`);
  }
  return on !== found.negated;
}

/** Both dialects and all aliases brought to `--name=value` and `--no-name`, which parseArgs reads without guessing. */
function normalise(argv: readonly string[], table: FlagTable, hints: Readonly<Record<string, string>>): string[] {
  const normal: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? '';
    if (arg === '--') return [...normal, ...argv.slice(i)];
    if (!arg.startsWith('-') || arg === '-') {
      normal.push(arg);
      continue;
    }
    const found = recognise(arg, table, hints);
    const { name } = found.flag;
    if (found.flag.type === 'switch') {
      normal.push(switchValue(name, found, found.value) ? `--${name}` : `--no-${name}`);
      continue;
    }
    const next = argv[i + 1];
    if (found.value === undefined && (next === undefined || (next.startsWith('-') && next !== '-'))) {
      throw new UsageError(`--${name} needs a value`, { hint: `for example: ${found.flag.example}` });
    }
    if (found.value === undefined) i++;
    normal.push(`--${name}=${found.value ?? next}`);
  }
  return normal;
}

/** Comma separated, spaces trimmed, empty items dropped (so that `eth1,` is one interface), a repeated name refused. */
export function splitList(texts: readonly string[], where: string): string[] {
  const items: string[] = [];
  for (const item of texts.flatMap((text) => text.split(','))) {
    const name = item.trim();
    if (name === '') continue;
    if (items.includes(name)) throw new UsageError(`${where} names ${name} twice`, { hint: 'give each name once' });
    items.push(name);
  }
  return items;
}

/**
 * Reads `argv` by the table of flags. Throws UsageError. `hints` says something better than "did you mean" about
 * names we know of but do not take.
 */
export function parseFlags(
  argv: readonly string[],
  flags: readonly Flag[],
  hints: Readonly<Record<string, string>> = {},
): Parsed {
  const table = new FlagTable(flags);
  const { values: raw, positionals }: RawArgs = parseArgs({
    args: normalise(argv, table, hints),
    options: Object.fromEntries(
      flags.map((flag) =>
        flag.type === 'switch' ? [flag.name, { type: 'boolean' }] : [flag.name, { type: 'string', multiple: true }],
      ),
    ),
    allowPositionals: true,
    allowNegative: true,
  });
  const values: Record<string, string | readonly string[] | boolean> = {};
  for (const flag of flags) {
    const given = raw[flag.name];
    if (given === undefined) continue;
    if (typeof given === 'boolean') values[flag.name] = given;
    if (!Array.isArray(given)) continue;
    const texts = given.map(String);
    values[flag.name] = flag.type === 'list' ? splitList(texts, `--${flag.name}`) : onlyOne(flag.name, texts);
  }
  return { values, positionals };
}

interface RawArgs {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

function onlyOne(name: string, texts: readonly string[]): string {
  const distinct = new Set(texts.map((text) => text.trim()));
  if (distinct.size > 1) throw new UsageError(`--${name} is given twice: ${[...distinct].join(' and ')}`);
  return [...distinct][0] ?? '';
}
