/**
 * Sets of numbers as spans, sorted and disjoint, each without its end.
 * Neighbours: region.ts makes services and addresses of them. Numbers of 128 bits are BigInt: only their order is used here.
 */

export type Whole = number | bigint;

export interface Span {
  readonly from: Whole;
  /** The first number that does not belong to it. */
  readonly end: Whole;
}

export type Spans = readonly Span[];

/** What is in both. */
export function common(a: Spans, b: Spans): Span[] {
  const both: Span[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [one, other] = [a[i]!, b[j]!];
    const from = one.from > other.from ? one.from : other.from;
    const end = one.end < other.end ? one.end : other.end;
    if (from < end) both.push({ from, end });
    if (one.end < other.end) i++;
    else j++;
  }
  return both;
}

/** What is in `a` and not in `b`. */
export function without(a: Spans, b: Spans): Span[] {
  const left: Span[] = [];
  let j = 0;
  for (const { from, end } of a) {
    let at = from;
    while (j < b.length && b[j]!.end <= at) j++;
    for (let k = j; k < b.length && b[k]!.from < end; k++) {
      if (b[k]!.from > at) left.push({ from: at, end: b[k]!.from });
      if (b[k]!.end > at) at = b[k]!.end;
    }
    if (at < end) left.push({ from: at, end });
  }
  return left;
}

/** How many numbers there are, as nearly as a double can say. */
export function sizeOf(spans: Spans): number {
  let size = 0;
  for (const { from, end } of spans) size += Number(end) - Number(from);
  return size;
}
