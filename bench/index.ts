/**
 * `npm run bench [-- name … --runs 7 --flows 100000]`: the named benchmarks, or all. Exit 1 when a claim does not hold.
 * Neighbours: one file a benchmark. A benchmark states a claim, checks that the result is right, then times it.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { run } from '../src/sandbox/index.js';
import { beside } from './beside.js';
import { bulk } from './bulk.js';
import { border } from './border.js';
import { compile } from './compile.js';
import { engine } from './engine.js';
import { judging } from './judge.js';
import { latency } from './latency.js';
import { loop } from './loop.js';
import { memory } from './memory.js';
import { peak } from './peak.js';
import { ports } from './ports.js';
import { restart } from './restart.js';
import { resync } from './resync.js';
import { stall } from './stall.js';

export interface BenchOptions {
  /** Rounds in which every variant has its turn. */
  readonly runs: number;
  /** Size of the tables, or of whatever a benchmark counts; each has its own default. */
  readonly flows: number | undefined;
}

export interface Outcome {
  readonly claim: string;
  readonly holds: boolean;
}

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<Outcome>>> = {
  bulk,
  engine,
  ports,
  compile,
  judge: judging,
  resync,
  latency,
  loop,
  beside,
  restart,
  stall,
  peak,
  border,
  memory,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '7' }, flows: { type: 'string' } },
});
const options = {
  runs: positive('runs', values.runs),
  flows: values.flows === undefined ? undefined : positive('flows', values.flows),
};

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) stop(`--${name} takes a positive whole number, not ${text}`);
  return value;
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

const [ovs = ''] = (await run('ovs-vswitchd', ['--version'])).split('\n');
const [cpu] = cpus();
console.log(`Node ${process.versions.node}, ${ovs}, ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}`);
for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  const bench = benches[name];
  if (bench === undefined) stop(`no benchmark ${name}; there are: ${Object.keys(benches).join(', ')}`);
  console.log(`\n${name}`);
  const { claim, holds } = await bench(options);
  console.log(`${holds ? 'holds' : 'DOES NOT HOLD'}: ${claim}`);
  if (!holds) process.exitCode = 1;
}
