/**
 * docs/objects.md keeps its word: every statement has tests, listed in test/semantics.txt, that are there under that title;
 * and every field of every kind, and every other name of one, is in the document.
 * Neighbours: src/model/kinds has the fields.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kindAliases, kinds, rulesOf, schemas } from '../../src/model/kinds/registry.js';
import { root } from './rooms.js';

interface Section {
  readonly name: string;
  readonly text: string;
}

const document = readFileSync(join(root, 'docs/objects.md'), 'utf8');

/** By heading; a kind's heading names its key after a colon. */
const sections: readonly Section[] = document
  .split(/^#+ /m)
  .slice(1)
  .map((text) => ({ name: /^[^:\n]+/.exec(text)?.[0] ?? '', text }));

/** A statement is an item of a list: what stands before its colon, or in bold. */
function statements({ name, text }: Section): string[] {
  return [...text.matchAll(/^- (.*)$/gm)].map(([, line = '']) => {
    const lead = /^\*\*(.+?)\.?\*\*/.exec(line)?.[1] ?? /^(`\w+`(?:, `\w+`)*):/.exec(line)?.[1]?.replaceAll('`', '');
    return `${name}: ${lead ?? `no lead in "${line}"`}`;
  });
}

interface Shown {
  readonly statement: string;
  readonly tests: readonly (readonly [file: string, title: string])[];
}

function readShown(): Shown[] {
  const found: { statement: string; tests: [string, string][] }[] = [];
  for (const line of readFileSync(join(root, 'test/semantics.txt'), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, file = '', title = ''] = /^ {2}([\w/-]+): (.+)$/.exec(line) ?? [];
    if (title === '') found.push({ statement: line, tests: [] });
    else found.at(-1)?.tests.push([`test/${file}.test.ts`, title]);
  }
  return found;
}

test('every statement of the document has tests, in its order', () => {
  expect(readShown().map(({ statement }) => statement)).toEqual(sections.flatMap(statements));
  expect(readShown().filter(({ tests }) => tests.length === 0)).toEqual([]);
});

test('every test that is named is there, under that title', () => {
  const missing = readShown().flatMap(({ tests }) =>
    tests.filter(([file, title]) => {
      const path = join(root, file);
      const source = existsSync(path) ? readFileSync(path, 'utf8') : '';
      return !["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
    }),
  );
  expect(missing).toEqual([]);
});

test('the text outside of statements only introduces', () => {
  // A paragraph of its own would be a statement without a test.
  const paragraphs = sections.flatMap(({ name, text }) =>
    text
      .split('\n\n')
      .slice(1)
      .filter((block) => block.trim() !== '' && !block.startsWith('- '))
      .map(() => name),
  );
  expect(paragraphs.filter((name, i) => paragraphs.indexOf(name) < i && name !== 'The objects')).toEqual([]);
});

test.each(kinds)('every field of a %s is in its section, and every other name of one', (kind) => {
  const { text = '' } = sections.find(({ name }) => name === kind) ?? {};
  const fields = Object.keys(schemas[kind].properties).filter((field) => field !== 'kind');
  const others = [
    ...Object.keys(rulesOf(kind).aliases),
    ...Object.keys(kindAliases).filter((alias) => kindAliases[alias] === kind),
  ];
  expect(fields.filter((field) => !text.includes(`\`${field}\``))).toEqual([]);
  expect(others.filter((other) => !text.includes(`_${other}_`))).toEqual([]);
});
