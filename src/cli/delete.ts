/**
 * `sluice delete`: one or several objects of a kind.
 * Neighbours: report.ts tells what it came to.
 * Invariant: deleting what is absent is success.
 */
import { UsageError } from '../config/index.js';
import type { Parsed } from '../config/index.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect, isSet } from './connect.js';
import { socketFlag } from './help.js';
import { cascadeFlag, dryRunFlag, levelFlag, levelOf, refsOf } from './options.js';
import { reportChange } from './report.js';

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  if (parsed.positionals.length === 0) {
    throw new UsageError('delete needs a kind and a key', { hint: 'for example: sluice delete network blue/front' });
  }
  const { kind, keys } = refsOf(parsed.positionals);
  if (kind === 'settings') throw new UsageError('the settings cannot be deleted, only changed');
  if (keys.length === 0) {
    throw new UsageError(`delete needs the key of a ${kind}`, { hint: `see: sluice get ${kind}` });
  }
  const options = { ...levelOf(parsed), cascade: isSet(parsed, 'cascade'), dryRun: isSet(parsed, 'dry-run') };
  // One request, so that several keys go together or not at all.
  const answer = await connect(parsed, io).apply({ objects: [], delete: keys.map((key) => ({ kind, key })) }, options);
  return reportChange(answer, io);
}

export const command: Command = {
  name: 'delete',
  usage: 'delete <kind> <key>...',
  about: 'Deletes objects of one kind, all that are named or none. Deleting what is not there is success.',
  flags: [cascadeFlag, dryRunFlag, levelFlag, socketFlag],
  examples: ['sluice delete endpoint web-1', 'sluice delete network blue/front --cascade'],
  run,
};
