/** Token buckets by key: how often something may be done for one and the same asker. Neighbours: answerer.ts. */

interface Bucket {
  tokens: number;
  at: number;
}

/** More askers than this at once are forgotten, and begin with full buckets. */
const mostKeys = 4096;

export class Limiter {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<number, Bucket>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Whether it may be done once more at `nowUs`. */
  take(key: number, nowUs: number): boolean {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= mostKeys) this.#buckets.clear();
      bucket = { tokens: this.#burst, at: nowUs };
      this.#buckets.set(key, bucket);
    }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((nowUs - bucket.at) / 1e6) * this.#perSecond);
    bucket.at = nowUs;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
