/**
 * "did you mean …?": the nearest of the known words.
 * Neighbours: read.ts asks it about fields and kinds, judge.ts about names of objects.
 * Invariant: it stays silent rather than propose something far off.
 */

/** Edit distance with transpositions (optimal string alignment); anything above `limit` is limit + 1. */
export function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let twoBack: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (twoBack[j - 2] ?? 0) + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > limit) return limit + 1;
    [twoBack, previous] = [previous, row];
  }
  return previous[b.length] ?? 0;
}

/** The nearest candidate within a quarter of the word's length (two letters for short words); the first of equals. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const lower = word.toLowerCase();
  let best: string | undefined;
  let limit = Math.min(word.length - 1, Math.max(2, Math.floor(word.length / 4)));
  for (const candidate of candidates) {
    const d = distance(lower, candidate.toLowerCase(), limit);
    if (d > limit) continue;
    best = candidate;
    limit = d - 1;
    if (limit < 0) break;
  }
  return best;
}

/** As a sentence for Problem.suggestion. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const best = nearest(word, candidates);
  return best === undefined ? undefined : `did you mean \`${best}\`?`;
}
