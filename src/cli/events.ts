/**
 * `sluice events`: what the daemon sees and does, a line each, as it happens.
 * Neighbours: GET /v1/events.
 */
import type { DaemonEvent } from '../api/client.js';
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { socketFlag } from './help.js';
import { outputFlag, wordOf } from './options.js';

function eventText({ at, type, message, kind, key }: DaemonEvent): string {
  const about = kind === undefined ? '' : ` ${kind}/${key ?? ''}`;
  return `${at} ${type}${about}: ${message}\n`;
}

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  const output = wordOf(parsed, 'output', ['json']);
  await connect(parsed, io).events((event) => {
    io.out(output === 'json' ? `${JSON.stringify(event)}\n` : eventText(event));
  });
  io.err('sluice: the daemon has ended the stream\n');
  return exit.failed;
}

export const command: Command = {
  name: 'events',
  usage: 'events [flags]',
  about:
    'Shows what the daemon sees and does from now on: commits, ports, links, drift, refused flows. It goes on until Ctrl-C or until the daemon stops.',
  flags: [
    { ...outputFlag('json'), help: 'How to print: json, one object a line. Without it lines of text are printed.' },
    socketFlag,
  ],
  examples: ['sluice events', 'sluice events -o json | grep drift'],
  run,
};
