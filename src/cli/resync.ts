/**
 * `sluice resync`: the switch is read back now, and what differs is put right.
 * Neighbours: POST /v1/resync.
 */
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { socketFlag } from './help.js';
import { count } from './table.js';

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  const { flowsRead, sent } = await connect(parsed, io).resync();
  io.out(`read ${count(flowsRead, 'flow')}; ${sent === 0 ? 'nothing differs' : `${count(sent, 'difference')} sent`}\n`);
  return exit.ok;
}

export const command: Command = {
  name: 'resync',
  usage: 'resync [flags]',
  about: 'Reads the switch back now and puts right what differs. The daemon does this by itself now and then.',
  flags: [socketFlag],
  examples: ['sluice resync'],
  run,
};
