/**
 * What a command is, and the world it runs in.
 * Neighbours: commands.ts lists the commands, index.ts runs one, help.ts prints its help.
 * Invariant: a command writes through Io and answers with an exit code; it never calls process.exit.
 */
import type { Flag, Parsed } from '../config/index.js';

/** Public and pinned by test/cli/exit-codes.test.ts. */
export const exit = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  invalid: 4,
  unreachable: 5,
  /** Stored, but not yet on the switch. */
  notYet: 65,
  /** `doctor` found warnings and no error. */
  warnings: 66,
} as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** All of standard input. */
  stdin(): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** Whether `err` goes to a terminal, on which a line may be drawn again. */
  readonly terminal?: boolean;
}

export interface Command {
  readonly name: string;
  /** As after `sluice`: `get <kind> [key]`. */
  readonly usage: string;
  /** Two or three plain sentences. */
  readonly about: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Reads the whole command line itself; `serve` does, since flags are only one of its sources. */
  readonly runRaw?: (argv: readonly string[], io: Io) => Promise<ExitCode>;
  readonly run?: (parsed: Parsed, io: Io) => Promise<ExitCode>;
}
