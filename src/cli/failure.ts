/**
 * Every way a command fails, in one or a few lines, and its exit code.
 * Neighbours: index.ts catches what commands throw and asks here.
 * Invariant: a person is told what is wrong, where, and what to do; a stack trace is never shown.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { ApiError, Unreachable } from '../api/client.js';
import type { ProblemDocument } from '../api/client.js';
import { UsageError } from '../config/index.js';
import { exit } from './command.js';
import type { ExitCode } from './command.js';

export interface Failure {
  readonly text: string;
  readonly code: ExitCode;
}

/** Said by a command itself, in its own words. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

const exitOfCode: Readonly<Record<string, ExitCode>> = {
  not_found: exit.notFound,
  invalid_request: exit.invalid,
  malformed: exit.invalid,
  too_large: exit.invalid,
  not_confirmed: exit.notYet,
};

/** One line a problem: where, what, what to do. `place` turns a pointer into words; '' when there are none. */
export function problemLines({ detail, problems }: ProblemDocument, place: (pointer: string) => string): string {
  if (problems.length === 0) return `${detail}\n`;
  return problems
    .map(({ pointer, message, suggestion }) => {
      const where = place(pointer);
      return `${where === '' ? '' : `${where}: `}${message}${suggestion === undefined ? '' : ` (${suggestion})`}\n`;
    })
    .join('');
}

export function problemFailure(problem: ProblemDocument, place: (pointer: string) => string): Failure {
  const unchanged = ['invalid_request', 'in_use', 'malformed'].includes(problem.code) ? 'nothing was changed\n' : '';
  const todo = problem.problems.length === 0 && problem.todo !== '' ? `${problem.todo}\n` : '';
  return {
    text: `${problemLines(problem, place)}${todo}${unchanged}`,
    code: exitOfCode[problem.code] ?? exit.failed,
  };
}

/** A query parameter is the flag of the same name; any other message names its object itself. */
function flagOf(pointer: string): string {
  return pointer.startsWith('/query/') ? `--${pointer.slice('/query/'.length)}` : '';
}

function stat(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function nameOfId(file: string, id: number): string {
  try {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find((each) => each.split(':')[2] === String(id));
    return line?.split(':')[0] ?? String(id);
  } catch {
    return String(id);
  }
}

/** Who may open the socket, and how to become one of them. */
function denied(socket: string): string {
  const found = stat(socket);
  if (found === undefined) return `no permission to look into ${dirname(socket)}; try with sudo`;
  const owner = nameOfId('/etc/passwd', found.uid);
  const group = nameOfId('/etc/group', found.gid);
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  const how =
    found.gid === 0 ? 'try with sudo' : `join the group with \`sudo usermod -aG ${group} $USER\`, or try with sudo`;
  return `no permission to use ${socket}: it belongs to ${owner}:${group} with mode ${mode}; ${how}`;
}

export function unreachable({ socket, code, sent }: Unreachable): string {
  if (sent) {
    return `the daemon on ${socket} went away before it answered; what was asked may or may not be done: see \`sluice status\``;
  }
  if (code === 'EACCES' || code === 'EPERM') return denied(socket);
  const why = code === 'ENOENT' ? 'there is no such socket' : code === 'ECONNREFUSED' ? 'nobody listens on it' : code;
  return `the daemon cannot be reached at ${socket}: ${why}; start it with \`sluice serve\`, or name its socket with --socket`;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof UsageError) {
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    return { text: `${error.message}${hint}\n`, code: error.exitCode };
  }
  if (error instanceof CommandError) return { text: `${error.message}\n`, code: error.exitCode };
  if (error instanceof Unreachable) return { text: `${unreachable(error)}\n`, code: exit.unreachable };
  if (error instanceof ApiError) return problemFailure(error.problem, flagOf);
  const message = error instanceof Error ? error.message : String(error);
  return { text: `${message}\n`, code: exit.failed };
}
