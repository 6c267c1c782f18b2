/**
 * Claim: 100,000 flows from objects are confirmed at no less than 0.9 of the speed of a raw replay of the same bytes.
 * Neighbours: objects.ts makes the objects, raw.ts is the floor, switch.ts the switch; `ovs-ofctl --bundle` for comparison.
 * Checked before it is timed: all three leave the same flows in the switch, byte for byte of the dump.
 */
import { Batch } from '../src/openflow/index.js';
import type { World } from '../src/pipeline/world.js';
import { interleave, rates, ratio, sample, speedRatio, table, thousands } from './measure.js';
import { daemonLike, dirtyOf } from './daemon-like.js';
import { compileAll, worldWith } from './objects.js';
import { encodeReplay, metersIn, replay, replayMessages, withoutMarkers } from './raw.js';
import type { BenchOptions, Outcome } from './index.js';
import { BenchSwitch, sameFlows } from './switch.js';

const goal = 0.9;

export async function bulk(options: BenchOptions): Promise<Outcome> {
  const { world, endpoints } = worldWith(options.flows ?? 100_000);
  const bench = await BenchSwitch.start();
  const batch = new Batch();
  const compileSeconds: number[] = [];
  try {
    const messages = withoutMarkers(compileAll(batch, world));
    const count = batch.flowCount;
    const bytes = messages.reduce((sum, one) => sum + one.length, 0);
    console.log(
      `${thousands(endpoints)} endpoints give ${thousands(count)} flows, ${Math.round(bytes / count)} bytes each`,
    );
    const floor = encodeReplay(messages);

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

    const seconds = await interleave({ raw, sluice: confirmed, ofctl }, options.runs);
    const reached = speedRatio(seconds.raw, seconds.sluice);
    console.log(
      table([
        ['', 'flows a second', 'speed of raw'],
        ['raw replay of the same bytes', rates(seconds.raw, count), '1'],
        ['sluice, from objects', rates(seconds.sluice, count), ratio(reached)],
        ['ovs-ofctl --bundle add-flows', rates(seconds.ofctl, count), ratio(speedRatio(seconds.raw, seconds.ofctl))],
      ]),
    );
    console.log(
      `of sluice's time, until the last flow was compiled: ${(sample(compileSeconds).median * 1000).toFixed(0)} ms`,
    );
    return {
      claim: `${thousands(count)} flows from objects at ≥ ${goal} of the raw replay`,
      holds: reached.median >= goal,
    };
  } finally {
    await bench.stop();
  }
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
