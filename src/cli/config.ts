/**
 * `sluice config`: every setting of the running daemon, and where it came from.
 * Neighbours: GET /v1/config; `sluice serve --show-config` says the same of a daemon that is not running.
 */
import type { EffectiveSetting } from '../api/client.js';
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { socketFlag } from './help.js';
import { outputFlag, wordOf } from './options.js';
import { table } from './table.js';

function origin({ name, overruled }: EffectiveSetting): string {
  return overruled === undefined ? name : `${name} (${overruled.name} says ${overruled.value})`;
}

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  const output = wordOf(parsed, 'output', ['json']);
  const settings = await connect(parsed, io).config();
  if (output === 'json') io.out(`${JSON.stringify({ settings }, null, 2)}\n`);
  else
    io.out(
      table(
        ['SETTING', 'VALUE', 'FROM'],
        settings.map((each) => [each.key, each.value, origin(each)]),
      ),
    );
  return exit.ok;
}

export const command: Command = {
  name: 'config',
  usage: 'config [flags]',
  about:
    'Shows every setting of the running daemon and where it came from: a flag, a variable, the file, the API, or nobody. Without a daemon use `sluice serve --show-config`.',
  flags: [outputFlag('json'), socketFlag],
  examples: ['sluice config'],
  run,
};
