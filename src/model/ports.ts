/**
 * L4 ports as a caller writes them, `80` or `8000-8010`, and their normal form.
 * Neighbours: kinds/rule.ts reads with it; src/pipeline covers the ranges with masks.
 * Invariant: a normal form is sorted, and neither overlaps nor touches: the same ports, written once.
 */

/** Both ends belong to it. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export const lastPort = 65_535;

/** What a range looks like; its numbers are checked by parsePorts. */
export const portRangePattern = '^[0-9]{1,5}-[0-9]{1,5}$';

/** Single ports, each made once: a large state names the same ones over and over, and a reference is all they cost there. */
const singles: (PortRange | undefined)[] = [];

function rangeOf(from: number, to: number): PortRange {
  if (from !== to) return { from, to };
  return (singles[from] ??= Object.freeze({ from, to }));
}

/** Undefined for a range that is empty or has an end outside 1–65535. */
export function parsePorts(written: number | string): PortRange | undefined {
  const [from = 0, to = from] = typeof written === 'number' ? [written] : written.split('-').map(Number);
  return from >= 1 && from <= to && to <= lastPort ? rangeOf(from, to) : undefined;
}

export function mergePorts(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1) merged.push(range);
    else if (range.to > last.to) merged[merged.length - 1] = rangeOf(last.from, range.to);
  }
  return merged.slice(); // without the room that push() made for more
}

export function writePorts({ from, to }: PortRange): number | string {
  return from === to ? from : `${from}-${to}`;
}
