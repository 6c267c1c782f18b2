/**
 * The property itself, with its size as a parameter: for every host and frame the tables do what the state demands.
 * Neighbours: policy.test.ts runs it small, policy.long.test.ts large.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { demanded, done, isConjoined, journeyOf, namedAlike, storyOf, tablesOf, wrongHeaders } from './compare.js';
import { objects, stateOf } from './states.js';
import { sceneFor, shape } from './traffic.js';

export interface Tally {
  states: number;
  frames: number;
  /** Frames that rules decide whose ports and addresses are matched apart. */
  conjoined: number;
  flows: number;
  /** Frames by what became of them. */
  readonly verdicts: Record<string, number>;
}

export interface Size {
  readonly states: number;
  /** Shapes for each state; about half of them mean something there. */
  readonly framesEach: number;
  readonly seed?: number;
  /** Which flows the switch has; all of them when left out, and then a counterexample is made as small as can be. */
  readonly keep?: (message: Uint8Array) => boolean;
}

/** Throws with a counterexample: the state's objects, the shape, and the frame's path. */
export function check({ states, framesEach, seed, keep }: Size): Tally {
  const tally: Tally = { states: 0, frames: 0, conjoined: 0, flows: 0, verdicts: {} };
  fc.assert(
    fc.property(objects, fc.array(shape, { minLength: framesEach, maxLength: framesEach }), (put, shapes) => {
      const state = stateOf(put);
      const tables = tablesOf(state, keep);
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
        expect(wrongHeaders(scene, journey), `${one.way}: ${storyOf(scene, journey)}`).toEqual([]);
        const wanted = demanded(state, scene);
        tally.conjoined += Number(wanted.by.some((key) => isConjoined(state, key)));
        expect(namedAlike(state, outcome, wanted), `${one.way}: ${storyOf(scene, journey)}`).toEqual(wanted);
      }
    }),
    { numRuns: states, endOnFailure: keep !== undefined, ...(seed === undefined ? {} : { seed }) },
  );
  return tally;
}
