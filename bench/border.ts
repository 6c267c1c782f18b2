/**
 * Claim: handing 1,000 owners to C++ in one buffer is ≥ 5 times as fast as one N-API call for each.
 * Neighbours: benchmark.js runs the two suites against a switch that already has the flows, so that nothing is sent.
 * A foreign-function library is left out: none is among the dependencies. Checked: both find everything unchanged.
 */
import Benchmark from 'benchmark';
import { Batch } from '../src/openflow/index.js';
import { Connected } from './connected.js';
import type { BenchOptions, Outcome } from './index.js';
import { table } from './measure.js';
import { compileAll, worldWith } from './objects.js';
import { messagesIn } from './raw.js';
import { BenchSwitch } from './switch.js';

const goal = 5;
const wanted = 1000;

export async function border(options: BenchOptions): Promise<Outcome> {
  const { world } = worldWith(options.flows ?? 4000);
  const all = compileAll(new Batch(), world).slice();
  const single = ownersIn(all).slice(-wanted);
  const together = Buffer.concat(single);
  const bench = await BenchSwitch.start();
  try {
    const connected = await Connected.to(bench.remote);
    try {
      await connected.commit(all, { full: true });
      const one = async () => unchanged(await connected.commit(together));
      const many = async () => {
        const results = await Promise.all(single.map((bytes) => connected.commit(bytes)));
        for (const result of results) unchanged(result);
      };
      await one();
      await many();
      const [batch, calls] = await suite({ 'one buffer': one, 'a call for each owner': many });
      if (batch === undefined || calls === undefined) throw new Error('benchmark.js answered nothing');
      console.log(
        table([
          [`${single.length} owners`, 'ms', 'margin of error', 'n'],
          ...[batch, calls].map(({ name, stats }) => [
            name ?? '',
            (stats.mean * 1000).toFixed(2),
            `±${stats.rme.toFixed(1)} %`,
            String(stats.sample.length),
          ]),
        ]),
      );
      return {
        claim: `one buffer ≥ ${goal} times as fast as a call for each owner`,
        holds: calls.stats.mean / batch.stats.mean >= goal,
      };
    } finally {
      await connected.engine.close();
    }
  } finally {
    await bench.stop();
  }
}

function unchanged({ messages }: { readonly messages: number }): void {
  if (messages !== 0) throw new Error(`${messages} messages were sent`);
}

/** Each owner's marker and messages. */
function ownersIn(bytes: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  let at = 0;
  for (const message of messagesIn(bytes)) {
    if (message[0] === 0) starts.push(at);
    at += message.length;
  }
  return starts.map((start, i) => bytes.subarray(start, starts[i + 1] ?? bytes.length));
}

function suite(ways: Readonly<Record<string, () => Promise<void>>>): Promise<Benchmark[]> {
  return new Promise((resolve, reject) => {
    const made = new Benchmark.Suite();
    for (const [name, way] of Object.entries(ways)) {
      const fn = (deferred: { resolve(): void }) => void way().then(() => deferred.resolve(), reject);
      made.add(name, { defer: true, maxTime: 2, fn });
    }
    const found: Benchmark[] = [];
    made.on('cycle', ({ target }: Benchmark.Event) => {
      if (target instanceof Benchmark) found.push(target);
    });
    made.on('complete', () => resolve(found));
    made.run({ async: true });
  });
}
