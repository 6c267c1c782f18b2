/**
 * Files of objects: YAML with any number of documents, JSON, or NDJSON; from a file, a directory or standard input.
 * Neighbours: apply.ts sends them; place.ts finds the line of a pointer again.
 * Invariant: every object remembers its file and its place in it, so that a complaint can name the line.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { errnoOf } from '../config/index.js';
import { exit } from './command.js';
import type { Io } from './command.js';
import { CommandError } from './failure.js';

/** Where an object stands: document of the file (line, of NDJSON), then the path within it. */
export interface Origin {
  readonly source: Source;
  readonly document: number;
  readonly path: readonly (string | number)[];
}

export interface Source {
  /** As the caller named it; `-` is standard input. */
  readonly name: string;
  readonly text: string;
  readonly format: 'yaml' | 'json' | 'ndjson';
}

export interface Input {
  readonly objects: readonly unknown[];
  readonly origins: readonly Origin[];
  readonly delete: readonly unknown[];
}

const extensions = /\.(ya?ml|json|ndjson|jsonl)$/;

function formatOf(name: string, text: string): Source['format'] {
  if (/\.(ndjson|jsonl)$/.test(name) || /^\s*\{.*\}[ \t\r]*\n\s*\{/.test(text)) return 'ndjson';
  if (name.endsWith('.json')) return 'json';
  // YAML reads JSON too, but a hundred times slower: it is worth a look at the first letter.
  return /^\s*[{[]/.test(text) ? 'json' : 'yaml';
}

function failed(name: string, error: unknown): CommandError {
  const code = errnoOf(error) ?? 'error';
  const why = { ENOENT: 'there is no such file', EACCES: 'no permission to read it' }[code] ?? code;
  return new CommandError(`cannot read ${name}: ${why}`, exit.invalid);
}

async function sourcesOf(name: string, io: Io): Promise<Source[]> {
  if (name === '-') {
    const text = await io.stdin();
    return [{ name: 'standard input', text, format: formatOf('', text) }];
  }
  try {
    if (!statSync(name).isDirectory()) {
      const text = readFileSync(name, 'utf8');
      return [{ name, text, format: formatOf(name, text) }];
    }
    const names = readdirSync(name).filter((each) => extensions.test(each) && !each.startsWith('.'));
    if (names.length === 0) throw new CommandError(`there is no .yaml or .json file in ${name}`, exit.invalid);
    return names.toSorted().map((each) => {
      const path = `${name.replace(/\/$/, '')}/${each}`;
      const text = readFileSync(path, 'utf8');
      return { name: path, text, format: formatOf(path, text) };
    });
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw failed(name, error);
  }
}

async function documentsOf(source: Source): Promise<unknown[]> {
  const { name, text, format } = source;
  if (format === 'json') {
    try {
      return [JSON.parse(text)];
    } catch {
      // The YAML reader says where the mistake is.
    }
  }
  if (format === 'ndjson') return ndjson(name, text);
  const { LineCounter, parseAllDocuments } = await import('yaml');
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  if (!Array.isArray(documents)) return [];
  for (const { errors } of documents) {
    const [error] = errors;
    if (error === undefined) continue;
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw new CommandError(`${name}:${line}:${col}: ${error.message}`, exit.invalid);
  }
  return documents.map((document): unknown => document.toJS());
}

/** One document a line; an empty line is an empty document, so that its number is the line's. */
function ndjson(name: string, text: string): unknown[] {
  return text.split('\n').map((line, index): unknown => {
    if (line.trim() === '') return null;
    try {
      return JSON.parse(line);
    } catch {
      throw new CommandError(`${name}:${index + 1}: this line is not JSON`, exit.invalid);
    }
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `items` is what `sluice get -o json` prints. */
const envelopeKeys = ['objects', 'items', 'delete'];

/** One object, a list of them, or `{objects: […], delete: […]}`, in each document. */
export async function readInput(names: readonly string[], io: Io): Promise<Input> {
  const objects: unknown[] = [];
  const origins: Origin[] = [];
  const deletes: unknown[] = [];
  const add = (origin: Origin, value: unknown): void => {
    objects.push(value);
    origins.push(origin);
  };
  const sources = (await Promise.all(names.map((name) => sourcesOf(name, io)))).flat();
  for (const source of sources) {
    for (const [document, value] of (await documentsOf(source)).entries()) {
      if (value === null) continue;
      const isEnvelope = isRecord(value) && !('kind' in value) && envelopeKeys.some((key) => key in value);
      const listKey = isEnvelope && 'items' in value ? 'items' : 'objects';
      const list = isEnvelope ? value[listKey] : value;
      const prefix = isEnvelope ? [listKey] : [];
      if (Array.isArray(list))
        for (const [i, each] of list.entries()) add({ source, document, path: [...prefix, i] }, each);
      else if (list !== undefined) add({ source, document, path: prefix }, list);
      if (isEnvelope && Array.isArray(value['delete'])) deletes.push(...value['delete']);
    }
  }
  return { objects, origins, delete: deletes };
}
