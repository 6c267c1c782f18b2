/**
 * What goes wrong before any work has begun: a flag, a variable or a line of the configuration file.
 * Neighbours: thrown throughout this room, printed by src/cli/index.ts.
 * Invariant: the message is one sentence that names the flag, variable or file:line at fault.
 */

/** 2: the command line or environment is wrong; 4: a file is. */
export type UsageExit = 2 | 4;

export class UsageError extends Error {
  readonly exitCode: UsageExit;
  /** What to do, when we can tell. */
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string | undefined; exitCode?: UsageExit } = {}) {
    super(message);
    this.name = 'UsageError';
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 2;
  }
}

/** `ENOENT` and its like, of a failed system call. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
