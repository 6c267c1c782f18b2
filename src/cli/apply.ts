/**
 * `sluice apply`: objects from files, in one request that is accepted whole or not at all.
 * Neighbours: input.ts reads, place.ts finds lines, report.ts tells.
 */
import { ApiError } from '../api/client.js';
import type { ApplyBody } from '../api/client.js';
import { UsageError } from '../config/index.js';
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect, isSet } from './connect.js';
import { CommandError, problemFailure } from './failure.js';
import { socketFlag } from './help.js';
import { readInput } from './input.js';
import { cascadeFlag, dryRunFlag, levelFlag, levelOf, outputFlag, wordOf } from './options.js';
import { placer } from './place.js';
import { withProgress } from './progress.js';
import { reportChange } from './report.js';

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  const files = parsed.values['file'];
  if (!Array.isArray(files) || files.length === 0) {
    throw new UsageError('apply needs -f with a file, a directory, or - for standard input', {
      hint: 'for example: sluice apply -f host.yaml',
    });
  }
  if (parsed.positionals.length > 0) {
    throw new UsageError(`apply takes no argument "${parsed.positionals[0]}"`, { hint: 'name files with -f' });
  }
  const output = wordOf(parsed, 'output', ['json']);
  const mode = wordOf(parsed, 'mode', ['atomic', 'staged']);
  const options = {
    ...levelOf(parsed),
    ...(mode === undefined ? {} : { mode }),
    cascade: isSet(parsed, 'cascade'),
    dryRun: isSet(parsed, 'dry-run'),
  };
  const input = await readInput(files, io);
  if (input.objects.length === 0 && input.delete.length === 0) {
    throw new CommandError(`there is no object in ${files.join(', ')}`, exit.invalid);
  }
  const body: ApplyBody = { objects: input.objects, delete: input.delete };
  try {
    const client = connect(parsed, io);
    const answer = await withProgress(client.apply(body, options), client, io);
    if (output === undefined) return reportChange(answer, io);
    io.out(`${JSON.stringify(answer, null, 2)}\n`);
    return answer.attention.length > 0 && answer.level !== 'accepted' ? exit.notYet : exit.ok;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { text, code } = problemFailure(error.problem, await placer(input));
    throw new CommandError(text.trimEnd(), code);
  }
}

export const command: Command = {
  name: 'apply',
  usage: 'apply -f <file>',
  about:
    'Creates or changes the objects in files of YAML or JSON. They may stand in any order and refer to each other. Either all of them are accepted or nothing changes.',
  flags: [
    {
      name: 'file',
      short: 'f',
      type: 'list',
      placeholder: '<file>',
      help: 'A file, a directory of .yaml and .json files, or - for standard input. It may be repeated.',
      example: '-f host.yaml',
    },
    dryRunFlag,
    levelFlag,
    {
      name: 'mode',
      type: 'value',
      placeholder: '<mode>',
      help: 'How the flows go into the switch: atomic is all at once in one bundle (up to 5,000 flows), staged is in slices, what is led to before what leads there. Without it the size of the change decides.',
      example: '--mode atomic',
    },
    cascadeFlag,
    { ...outputFlag('json'), help: 'How to print: json. Without it a line or two of text are printed.' },
    socketFlag,
  ],
  examples: [
    'sluice apply -f examples/host.yaml',
    'sluice apply --dry-run -f policies/',
    'generate | sluice apply -f -',
  ],
  run,
};
