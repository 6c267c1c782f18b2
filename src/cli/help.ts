/**
 * Help texts, made from the commands' own data.
 * Neighbours: index.ts prints them; test/cli/help keeps them as goldens.
 * Invariant: no line is longer than 100 columns.
 */
import type { Flag } from '../config/index.js';
import type { Command } from './command.js';
import { commands } from './commands.js';

const columns = 100;

/** Words broken into lines of at most `width`, every line but the first indented by `indent`. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && indent + line.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

function flagHelp(flag: Flag): string {
  const names = [
    ...(flag.short === undefined ? [] : [`-${flag.short}`]),
    `--${flag.name}`,
    ...(flag.aliases ?? []).map((alias) => `--${alias}`),
  ];
  const head = `  ${names.join(', ')}${flag.placeholder === undefined ? '' : ` ${flag.placeholder}`}`;
  return `${head}\n      ${wrap(flag.help, 6)}\n      Example: ${flag.example}\n`;
}

export const socketFlag: Flag = {
  name: 'socket',
  type: 'value',
  placeholder: '<path>',
  help: "The daemon's socket. Without it SLUICE_SOCKET is used, then /run/sluice/sluice.sock.",
  example: '--socket /run/sluice/sluice.sock',
};

export function commandHelp(command: Command): string {
  const flags = command.flags.length === 0 ? '' : `\nFlags:\n${command.flags.map(flagHelp).join('\n')}`;
  const examples = command.examples.map((example) => `  ${example}\n`).join('');
  return `Usage: sluice ${command.usage}\n\n${wrap(command.about, 0)}\n${flags}\nExamples:\n${examples}`;
}

export function mainHelp(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join('');
  return `Usage: sluice <command> [flags]

Keeps one host's Open vSwitch programmed: you state networks, groups, policies and endpoints, Sluice
writes the flows and confirms them.

Commands:
${list}
Flags are written --like-this or -like-this. See one command's with: sluice <command> --help

Exit codes:
  0  done                     4  invalid input: nothing changed
  1  failed                   5  the daemon does not answer
  2  wrong use of a command  65  stored, but not yet on the switch
  3  no such object           66  doctor found warnings only
`;
}
