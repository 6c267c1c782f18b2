/**
 * One command line: finds the command, lets it run, turns what it throws into words and an exit code.
 * Neighbours: index.ts calls it with the process's streams, tests with their own; commands.ts has the table.
 * Invariant: `--help` and `--version` load nothing but Node and this room.
 */
import { readFileSync } from 'node:fs';
import { UsageError, nearest, parseFlags } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { commands } from './commands.js';
import { failureOf } from './failure.js';
import { commandHelp, mainHelp } from './help.js';

const helpWords = new Set(['--help', '-help', '-h']);

function version(): string {
  const text: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof text === 'object' && text !== null && 'version' in text ? String(text.version) : 'unknown';
}

async function find(name: string): Promise<Command> {
  const entry = commands.find((each) => each.name === name);
  if (entry !== undefined) return (await entry.load()).command;
  const near = nearest(
    name,
    commands.map((each) => each.name),
  );
  throw new UsageError(`there is no command "${name}"`, {
    hint: near === undefined ? 'see `sluice --help`' : `did you mean ${near}?`,
  });
}

async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    io.err(mainHelp());
    return exit.usage;
  }
  if (['--version', '-version', '-V', 'version'].includes(name)) {
    io.out(`sluice ${version()}\n`);
    return exit.ok;
  }
  if (helpWords.has(name) || name === 'help') {
    const about = name === 'help' ? rest[0] : undefined;
    io.out(about === undefined ? mainHelp() : commandHelp(await find(about)));
    return exit.ok;
  }
  const command = await find(name);
  const end = rest.indexOf('--');
  if (rest.slice(0, end === -1 ? undefined : end).some((arg) => helpWords.has(arg))) {
    io.out(commandHelp(command));
    return exit.ok;
  }
  if (command.runRaw !== undefined) return command.runRaw(rest, io);
  return (await command.run?.(parseFlags(rest, command.flags), io)) ?? exit.ok;
}

/** Runs one command line and answers with its exit code; nothing it meets is thrown. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await run(argv, io);
  } catch (error) {
    const failure = failureOf(error);
    io.err(`sluice: ${failure.text}`);
    return failure.code;
  }
}
