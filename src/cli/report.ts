/**
 * What a change came to, in words; and the exit code that says whether it is on the switch.
 * Neighbours: apply.ts and delete.ts.
 * Invariant: an object that is stored but not in place is named, with the reason.
 */
import type { ApplyAnswer } from '../api/client.js';
import { formatRef } from '../api/schemas/kinds.js';
import { exit } from './command.js';
import type { ExitCode, Io } from './command.js';
import { count, duration } from './table.js';

const shownAtMost = 20;

function attentionLine({ ref, status }: ApplyAnswer['attention'][number]): string {
  const name = formatRef(ref);
  if (status.state === 'waiting') return `${name}: waits for ${status.waitingFor ?? 'something outside Sluice'}\n`;
  const why = status.problems.map(({ message, flow }) => (flow === undefined ? message : `${message}: ${flow}`));
  return `${name}: ${status.state}${why.length === 0 ? '' : `: ${why.join('; ')}`}\n`;
}

export function reportChange(answer: ApplyAnswer, io: Io): ExitCode {
  const { created, updated, deleted, unchanged, generation, commit, attention } = answer;
  const counts = `${created} created, ${updated} updated, ${deleted} deleted, ${unchanged} unchanged`;
  if (answer.dryRun === true) {
    io.out(`${counts} (dry run: nothing was changed)\n`);
    return exit.ok;
  }
  io.out(`${counts} (generation ${generation})\n`);
  if (commit !== undefined) {
    const took = `compiled in ${duration(commit.compileUs)}, confirmed by the switch in ${duration(commit.commitUs)}`;
    io.out(`${count(commit.added, 'flow')} added, ${commit.modified} modified, ${commit.deleted} deleted: ${took}\n`);
    if (commit.cut !== undefined) io.out(`${count(commit.cut, 'connection')} cut\n`);
  }
  for (const each of attention.slice(0, shownAtMost)) io.err(`sluice: ${attentionLine(each)}`);
  if (attention.length > shownAtMost) {
    io.err(`sluice: and ${count(attention.length - shownAtMost, 'more object')}; see \`sluice get <kind>\`\n`);
  }
  // Asked only for `accepted`, being stored is all that was promised.
  return attention.length > 0 && answer.level !== 'accepted' ? exit.notYet : exit.ok;
}
