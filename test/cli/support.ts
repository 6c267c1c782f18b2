/** Runs command lines in this process, against a daemon on a socket of its own. */
import { main } from '../../src/cli/run.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Record<string, string>;
}

/** Splits at spaces; what must hold one is given as a list. */
export async function run(line: string | readonly string[], { stdin = '', env = {} }: RunOptions = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const argv = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  const code = await main(argv, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    stdin: async () => stdin,
    env,
    uid: 0,
  });
  return { code, out, err };
}
