/**
 * The offline evaluator against a real vswitchd: the same flows met, the same copies sent.
 * Neighbours: trace.test.ts runs it small, trace.long.test.ts large; real.ts is the switch.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { ownerId, ownerKind } from '../../src/model/index.js';
import { batchOf, done, journeyOf, storyOf, tablesOf } from './compare.js';
import type { Journey } from './machine.js';
import type { RealSwitch } from './real.js';
import { objects, stateOf } from './states.js';
import { sceneFor, shape } from './traffic.js';
import { ctNext, readTrace, traceFlow, type Traced } from './wording.js';

async function expectSame(real: RealSwitch, journey: Journey, traced: Traced, story: string): Promise<void> {
  const met = journey.path.map(({ table, flows }) => ({ table, priority: flows[0]?.priority }));
  expect(
    traced.path.map(({ table, priority }) => ({ table, priority })),
    story,
  ).toEqual(met);
  for (const [i, { owner }] of traced.path.entries()) {
    if (owner === undefined) continue;
    const offline = journey.path[i]?.flows.map((flow) => flow.owner) ?? [];
    // A flow that several owners want carries a mark that stands for them all.
    const owners = ownerKind(owner) === 'shared' ? await real.owners(ownerId(owner)) : [owner];
    expect(offline, story).toEqual(expect.arrayContaining([...owners]));
  }
}

/** Load hosts one after the other and trace frames through each, until `frames` were compared. */
export async function agree(
  real: RealSwitch,
  frames: number,
  seed: number,
): Promise<{ states: number; frames: number }> {
  let compared = 0;
  let states = 0;
  while (compared < frames) {
    const [put = []] = fc.sample(objects, { numRuns: 1, seed: seed + states });
    const state = stateOf(put);
    const tables = tablesOf(state);
    await real.load(batchOf(state));
    for (const one of fc.sample(shape, { numRuns: 40, seed: seed + states })) {
      const scene = sceneFor(state, one);
      // ofproto/trace makes its packets itself, small ones.
      if (!scene || scene.frame.bytes !== undefined) continue;
      const journey = journeyOf(state, tables, scene);
      const printed = await real.trace(traceFlow(scene.frame, journey.tracked), ctNext(journey.tracked));
      const traced = readTrace(printed, scene.frame);
      const story = `${storyOf(scene, journey)}\n${printed}`;
      await expectSame(real, journey, traced, story);
      expect(traced.copies, story).toEqual(done(state, journey).copies);
      compared++;
    }
    states++;
  }
  return { states, frames: compared };
}
