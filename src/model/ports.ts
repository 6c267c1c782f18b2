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

/** Undefined for a range that is empty or has an end outside 1–65535. */
export function parsePorts(written: number | string): PortRange | undefined {
  const [from = 0, to = from] = String(written).split('-').map(Number);
  return from >= 1 && from <= to && to <= lastPort ? { from, to } : undefined;
}

export function mergePorts(ranges: readonly PortRange[]): PortRange[] {
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

export function writePorts({ from, to }: PortRange): number | string {
  return from === to ? from : `${from}-${to}`;
}
