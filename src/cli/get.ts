/**
 * `sluice get`: objects of a kind, or one of them, with their status.
 * Neighbours: columns.ts says what the tables show.
 */
import type { ObjectAnswer } from '../api/client.js';
import { formatRef, kindNames, kinds } from '../api/schemas/kinds.js';
import { UsageError } from '../config/index.js';
import type { Parsed } from '../config/index.js';
import { columnsOf } from './columns.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { socketFlag } from './help.js';
import { outputFlag, refsOf, wordOf } from './options.js';
import type { KindName } from './options.js';
import { table } from './table.js';

function keyOf(kind: KindName, object: ObjectAnswer): string {
  return kinds[kind].key.map((field) => String(object[field])).join('/');
}

/** By key, with web-9 before web-10. */
function inOrder(kind: KindName, objects: readonly ObjectAnswer[]): ObjectAnswer[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return objects.toSorted((a, b) => compare(keyOf(kind, a), keyOf(kind, b)));
}

/** What the table has room for the codes of. */
function problemLines(kind: KindName, object: ObjectAnswer): string {
  const name = formatRef({ kind, key: keyOf(kind, object) });
  return object.status.problems.map(({ code, message }) => `${name}: ${code}: ${message}\n`).join('');
}

async function print(
  kind: KindName,
  objects: readonly ObjectAnswer[],
  output: 'json' | 'yaml' | 'wide' | 'name' | undefined,
  named: boolean,
  io: Io,
): Promise<void> {
  if (output === 'json') {
    io.out(`${JSON.stringify(named && objects.length === 1 ? objects[0] : { items: objects }, null, 2)}\n`);
  } else if (output === 'yaml') {
    const { stringify } = await import('yaml');
    io.out(objects.map((object) => stringify(object)).join('---\n'));
  } else if (output === 'name') {
    io.out(objects.map((object) => `${formatRef({ kind, key: keyOf(kind, object) })}\n`).join(''));
  } else if (objects.length === 0) {
    io.err(`there are no ${kinds[kind].plural}\n`);
  } else {
    const columns = columnsOf(kind, output === 'wide');
    const heads =
      kind === 'settings' ? [] : [kinds[kind].key.length > 1 ? 'KEY' : (kinds[kind].key[0] ?? '').toUpperCase()];
    const rows = objects.map((object) => [
      ...heads.map(() => keyOf(kind, object)),
      ...columns.map(({ cell }) => cell(object)),
    ]);
    io.out(table([...heads, ...columns.map(({ title }) => title)], rows));
    if (named) for (const object of objects) io.err(problemLines(kind, object));
  }
}

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  if (parsed.positionals.length === 0) {
    throw new UsageError('get needs a kind', { hint: `one of ${kindNames.join(', ')}` });
  }
  const output = wordOf(parsed, 'output', ['json', 'yaml', 'wide', 'name']);
  const { kind, keys } = refsOf(parsed.positionals);
  const client = connect(parsed, io);
  const wanted = kind === 'settings' ? [''] : keys;
  const objects =
    wanted.length === 0
      ? inOrder(kind, await client.list(kind))
      : await Promise.all(wanted.map((key) => client.get({ kind, key })));
  await print(kind, objects, output, wanted.length > 0, io);
  return exit.ok;
}

export const command: Command = {
  name: 'get',
  usage: 'get <kind> [key]...',
  about: `Shows the objects of a kind, or those named, and how each fares; of those named, also what there is to say of them. Kinds are ${kindNames.join(', ')}; plurals and net, grp, pol, ep are understood.`,
  flags: [outputFlag('json, yaml, wide, or name for kind/key only'), socketFlag],
  examples: ['sluice get endpoints', 'sluice get network blue/front -o yaml', 'sluice get rules -o wide'],
  run,
};
