/**
 * Timing that can be compared: variants take turns in every round, so that what disturbs the machine disturbs all of them.
 * Neighbours: every benchmark. Invariant: a number is printed with how many runs it stands on and how far they spread.
 */
export interface Sample {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
}

/** The value that `share` of the values do not exceed: 0.99 for p99. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? NaN;
}

/** `41 (p99 190, min 29, n 2,000)`, in microseconds. */
export function micros(us: readonly number[]): string {
  const of = (share: number) => quantile(us, share).toFixed(0);
  return `${of(0.5)} (p99 ${of(0.99)}, min ${of(0)}, n ${thousands(us.length)})`;
}

/** `41.2 (39.0–55.1, n 7)`, in the unit that the values have. */
export function spread(values: readonly number[], digits = 1): string {
  const { median, min, max, n } = sample(values);
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)}, n ${n})`;
}

/** Seconds that a call takes. */
export function timed(call: () => void): number {
  const begun = performance.now();
  call();
  return (performance.now() - begun) / 1000;
}

/** Runs one variant once; answers seconds. What is not to be timed is done before the clock is started. */
export type Variant = () => Promise<number>;

export function sample(values: readonly number[]): Sample {
  if (values.length === 0) throw new Error('no runs');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[Math.min(sorted.length - 1, Math.max(0, index))] ?? NaN;
  const middle = sorted.length / 2;
  const median = Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
  return { median, min: at(0), max: at(sorted.length - 1), n: sorted.length };
}

/** The seconds of every variant in every round. Each round begins with another one, so none is always first. */
export async function interleave<K extends string>(
  variants: Readonly<Record<K, Variant>>,
  rounds: number,
): Promise<Record<K, number[]>> {
  const names = Object.keys(variants).filter((name): name is K => name in variants);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries forgets the names of its keys
  const seconds = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(round + i) % names.length];
      if (name !== undefined) seconds[name].push(await variants[name]());
    }
  }
  return seconds;
}

/** How many times as fast as `base` each round was: ratios are taken within a round, then summarised. */
export function speedRatio(base: readonly number[], other: readonly number[]): Sample {
  return sample(other.map((seconds, round) => (base[round] ?? NaN) / seconds));
}

export const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');

/** `310,000 (295,000–322,000, n 7)` */
export function rates(seconds: readonly number[], items: number): string {
  const { median, min, max, n } = sample(seconds.map((one) => items / one));
  return `${thousands(median)} (${thousands(min)}–${thousands(max)}, n ${n})`;
}

/** `0.83 (0.79–0.86, n 7)` */
export function ratio({ median, min, max, n }: Sample): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)}, n ${n})`;
}

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((found, row) => row.map((cell, i) => Math.max(found[i] ?? 0, cell.length)), []);
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
