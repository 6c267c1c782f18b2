/**
 * A long operation of the daemon in words, and as a bar that a waiting command draws on a terminal.
 * Neighbours: apply.ts waits with it, status.ts prints the words; GET /v1/status has the numbers.
 * Invariant: the bar's line is gone when the command goes on, and no failure of the bar is one of the command.
 */
import type { LongRun, SluiceClient } from '../api/client.js';
import type { Io } from './command.js';

const everyMs = 200;
const cells = 30;
const clearLine = '\r\u001B[K';

/** `120,000 of 1,000,000 confirmed, 210,000 a second` */
export function progressWords({ phase, done, total, perSecond }: LongRun): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  const verb = phase === 'read' ? 'read' : 'confirmed';
  return `${number(done)} of ${number(total)} ${verb}, ${number(perSecond)} a second`;
}

export function progressBar(run: LongRun): string {
  const share = run.total === 0 ? 1 : Math.min(1, run.done / run.total);
  const full = Math.round(share * cells);
  return `[${'#'.repeat(full)}${'.'.repeat(cells - full)}] ${Math.floor(share * 100)} %, ${progressWords(run)}`;
}

/** Waits for the answer; meanwhile, on a terminal, shows how far the switch is. */
export async function withProgress<T>(answer: Promise<T>, client: SluiceClient, io: Io): Promise<T> {
  if (io.terminal !== true) return answer;
  let drawn = false;
  let asking = false;
  let stopped = false;
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    client
      .status()
      .then(
        ({ switch: { progress } }) => {
          if (progress === undefined || stopped) return;
          drawn = true;
          io.err(`${clearLine}${progressBar(progress)}`);
        },
        () => undefined, // what is wrong shows in the answer itself
      )
      .finally(() => (asking = false));
  }, everyMs);
  try {
    return await answer;
  } finally {
    stopped = true;
    clearInterval(timer);
    if (drawn) io.err(clearLine);
  }
}
