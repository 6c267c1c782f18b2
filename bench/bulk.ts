/**
 * Claim: 100,000 flows from objects are confirmed at no less than 0.7 of the speed of a raw replay of the same bytes.
 * Neighbours: objects.ts makes the objects, raw.ts is the floor, switch.ts the switch; `ovs-ofctl --bundle` for comparison.
 * Checked before it is timed: all three leave the same flows in the switch, byte for byte of the dump.
 */
import { Batch } from '../src/openflow/index.js';
import { type CommitResult, Engine } from '../src/native/index.js';
import type { World } from '../src/pipeline/world.js';
import { interleave, rates, ratio, sample, speedRatio, table, thousands } from './measure.js';
import { compileAll, worldWith } from './objects.js';
import { encodeReplay, metersIn, replay, replayMessages, withoutMarkers } from './raw.js';
import type { BenchOptions, Outcome } from './index.js';
import { BenchSwitch } from './switch.js';

const goal = 0.7;

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
      const run = await fromObjects(bench.remote, batch, world);
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
    if ((await bench.dump()) !== text) throw new Error('the engine and the raw replay left different flows');
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
    console.log(`of sluice's time, objects to bytes: ${(sample(compileSeconds).median * 1000).toFixed(0)} ms`);
    return {
      claim: `${thousands(count)} flows from objects at ≥ ${goal} of the raw replay`,
      holds: reached.median >= goal,
    };
  } finally {
    await bench.stop();
  }
}

/** One whole start: objects to bytes, bytes to the switch, until it has confirmed. The connection stands before the clock starts. */
async function fromObjects(
  remote: string,
  batch: Batch,
  world: World,
): Promise<{ seconds: number; compileSeconds: number }> {
  let up: () => void;
  const connected = new Promise<void>((resolve) => (up = resolve));
  const engine = new Engine({
    onEvent(event) {
      if (event.type === 'up') up();
    },
  });
  try {
    engine.connect(remote);
    await connected;
    const begun = performance.now();
    const bytes = compileAll(batch, world);
    const compiled = performance.now();
    const result = await engine.commit(bytes, { full: true });
    const done = performance.now();
    refuseQuarantine(result);
    return { seconds: (done - begun) / 1000, compileSeconds: (compiled - begun) / 1000 };
  } finally {
    await engine.close();
  }
}

function refuseQuarantine(result: CommitResult): void {
  const [first] = result.quarantined;
  if (first !== undefined) throw new Error(`the switch refused a flow of owner ${first.owner}: ${first.error}`);
}
