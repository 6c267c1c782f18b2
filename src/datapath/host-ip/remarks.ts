/**
 * What is not as it should be with settings that are in force already: told in the log at the start, not refused.
 * Neighbours: judge.ts looks; controller.ts asks once, when the switch is there.
 */
import type { State } from '../../model/index.js';
import type { Logger } from '../log.js';
import { judgeHost } from './judge.js';

export async function tellRemarks(
  state: State,
  rundir: string,
  internal: ReadonlySet<string>,
  log: Logger,
): Promise<void> {
  const question = { before: state.settings, after: state, rundir, canMove: true, internal, at: '', all: true };
  try {
    const { problems, notes } = await judgeHost(question);
    for (const { message } of problems) log.warn({ remark: message }, 'a setting does not fit this host');
    for (const remark of notes) log.info({ remark }, 'of the settings');
  } catch (error) {
    log.warn({ err: error }, "this host's network could not be looked at");
  }
}
