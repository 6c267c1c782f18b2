// Templates made at run time, so that tables of cases can be written as data.
// Neighbours: templates.test.ts, properties.test.ts.
// Invariant: each call makes a new call site, as a tagged template in source would be.

import { flow, type Hole } from '../../../src/openflow/index.js';

export function templateOf(...strings: string[]): TemplateStringsArray {
  return Object.assign([...strings], { raw: strings });
}

/** The flow that the template around one hole makes. */
export function flowAround(before: string, hole: Hole, after: string): Uint8Array {
  return flow(templateOf(before, after), hole);
}
