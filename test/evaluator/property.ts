/**
 * The property itself, with its size as a parameter: for every host and frame the tables do what the state demands.
 * Neighbours: policy.test.ts runs it small, policy.long.test.ts large.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { demanded, done, journeyOf, storyOf, tablesOf } from './compare.js';
import { known } from './scene.js';
import { objects, stateOf } from './states.js';
import { sceneFor, shape } from './traffic.js';

export interface Tally {
  states: number;
  frames: number;
  flows: number;
  /** Frames by what became of them. */
  readonly verdicts: Record<string, number>;
}

/** Hosts, each with a couple of dozen frames. Throws with the smallest counterexample. */
export function check(states: number, framesEach: number, seed?: number): Tally {
  const tally: Tally = { states: 0, frames: 0, flows: 0, verdicts: {} };
  fc.assert(
    fc.property(objects, fc.array(shape, { minLength: framesEach, maxLength: framesEach }), (put, shapes) => {
      const state = stateOf(put);
      const tables = tablesOf(state);
      tally.states++;
      tally.flows += tables.size;
      for (const one of shapes) {
        const scene = sceneFor(state, one);
        if (!scene) continue;
        const journey = journeyOf(state, tables, scene);
        const outcome = done(state, journey);
        tally.frames++;
        const name = `${outcome.verdict}${outcome.by.length === 0 ? '' : outcome.by[0] === 'default' ? ' default' : ' rule'}`;
        tally.verdicts[name] = (tally.verdicts[name] ?? 0) + 1;
        expect(outcome, `${one.way}: ${storyOf(scene, journey)}`).toEqual(demanded(state, scene, known));
      }
    }),
    { numRuns: states, ...(seed === undefined ? {} : { seed }) },
  );
  return tally;
}
