/**
 * Claim: flows from objects are confirmed at no less than 0.9 of the speed of a raw replay of the same bytes: 100,000 of them, and those of
 * 100,000 endpoints with 20,000 rules.
 * Neighbours: objects.ts makes the objects, raw.ts is the floor, switch.ts the switch; `ovs-ofctl --bundle` for comparison.
 * Checked before it is timed: all of them leave the same flows in the switch, byte for byte of the dump.
 */
import { Batch } from '../src/openflow/index.js';
import type { World } from '../src/pipeline/world.js';
import {
  interleave,
  rates,
  ratio,
  type Sample,
  sample,
  speedRatio,
  table,
  thousands,
  type Variant,
} from './measure.js';
import { daemonLike, dirtyOf } from './daemon-like.js';
import { compileAll, stateOf, worldOf, worldWith } from './objects.js';
import { encodeReplay, metersIn, replay, replayMessages, withoutMarkers } from './raw.js';
import type { BenchOptions, Outcome } from './index.js';
import { BenchSwitch, sameFlows } from './switch.js';

const goal = 0.9;
const manyEndpoints = 100_000;

export async function bulk(options: BenchOptions): Promise<Outcome> {
  const { world } = worldWith(options.flows ?? 100_000);
  const bench = await BenchSwitch.start();
  try {
    const reached = [await compare(bench, world, options.runs, true)];
    if (options.flows === undefined) {
      const many = worldOf(stateOf({ endpoints: manyEndpoints }));
      reached.push(await compare(bench, many, options.runs, false));
    }
    return {
      claim: `flows from objects at ≥ ${goal} of the raw replay`,
      holds: reached.every(({ median }) => median >= goal),
    };
  } finally {
    await bench.stop();
  }
}

/** The speed of a large request over that of the raw replay. */
async function compare(bench: BenchSwitch, world: World, runs: number, withOfctl: boolean): Promise<Sample> {
  const batch = new Batch();
  const messages = withoutMarkers(compileAll(batch, world));
  const count = batch.flowCount;
  batch.reset();
  const bytes = messages.reduce((sum, one) => sum + one.length, 0);
  const { endpoints, rules } = world.state;
  console.log(
    `${thousands(endpoints.size)} endpoints and ${thousands(rules.size)} rules give ${thousands(count)} flows, ${Math.round(bytes / count)} bytes each`,
  );
  const floor = encodeReplay(messages);
  const compileSeconds: number[] = [];

  const confirmed = async () => {
    await bench.fresh();
    const run = await fromObjects(bench.remote, world);
    compileSeconds.push(run.compileSeconds);
    await bench.expectFlows(count);
    return run.seconds;
  };
  const raw = async () => {
    await bench.fresh();
    const seconds = await replay(bench.remote, floor);
    await bench.expectFlows(count);
    return seconds;
  };
  await confirmed();
  const text = await bench.dump();
  await raw();
  if (!sameFlows(await bench.dump(), text)) throw new Error('the engine and the raw replay left different flows');
  const ofctl = async () => {
    await bench.fresh();
    await replayMessages(bench.remote, metersIn(messages), { bundle: 0 });
    const seconds = await bench.ofctlAddFlows(text);
    await bench.expectFlows(count);
    return seconds;
  };

  const variants: Record<string, Variant> = { raw, sluice: confirmed, ...(withOfctl ? { ofctl } : {}) };
  const { raw: ofRaw = [], sluice: ofSluice = [], ofctl: ofOfctl = [] } = await interleave(variants, runs);
  const reached = speedRatio(ofRaw, ofSluice);
  const rows = [
    ['', 'flows a second', 'speed of raw'],
    ['raw replay of the same bytes', rates(ofRaw, count), '1'],
    ['sluice, from objects', rates(ofSluice, count), ratio(reached)],
  ];
  if (withOfctl) rows.push(['ovs-ofctl --bundle add-flows', rates(ofOfctl, count), ratio(speedRatio(ofRaw, ofOfctl))]);
  console.log(table(rows));
  console.log(
    `of sluice's time, until the last flow was compiled: ${(sample(compileSeconds).median * 1000).toFixed(0)} ms`,
  );
  return reached;
}

/** One large request to a daemon that stands: objects to bytes, bytes to the switch, until it has confirmed. */
async function fromObjects(remote: string, world: World): Promise<{ seconds: number; compileSeconds: number }> {
  const daemon = await daemonLike(remote);
  try {
    const dirty = dirtyOf(world);
    const begun = performance.now();
    const { result, compileUs } = await daemon.commit.some(world, dirty, 'auto');
    const seconds = (performance.now() - begun) / 1000;
    const [first] = result.quarantined;
    if (first !== undefined) throw new Error(`the switch refused a flow of owner ${first.owner}: ${first.error}`);
    return { seconds, compileSeconds: compileUs / 1e6 };
  } finally {
    await daemon.close();
  }
}
