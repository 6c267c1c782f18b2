/**
 * `sluice retry`: what the switch refused is tried again.
 * Neighbours: POST /v1/retry.
 */
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { socketFlag } from './help.js';
import { count } from './table.js';

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  const retried = await connect(parsed, io).retry();
  io.out(`${count(retried, 'object')} tried again\n`);
  return exit.ok;
}

export const command: Command = {
  name: 'retry',
  usage: 'retry [flags]',
  about: 'Tries the objects again that the switch refused; `sluice get` shows how they fared.',
  flags: [socketFlag],
  examples: ['sluice retry'],
  run,
};
