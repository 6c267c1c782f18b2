/**
 * A range of L4 ports as the fewest values and masks; a flow can match nothing else.
 * Neighbours: policy.ts makes one flow of each.
 * Invariant: they are disjoint and hold every port of the range and no other.
 */
import type { PortRange } from '../model/index.js';
import { masked, type Masked } from '../openflow/index.js';

/** Ascending; at most 30. From the low end, always the largest aligned block that still ends inside the range. */
export function portMasks({ from, to }: PortRange): (number | Masked)[] {
  const masks: (number | Masked)[] = [];
  for (let at = from; at <= to;) {
    let size = 1;
    while (at % (2 * size) === 0 && at + 2 * size - 1 <= to) size *= 2;
    masks.push(size === 1 ? at : masked(at, 0xffff & -size));
    at += size;
  }
  return masks;
}
