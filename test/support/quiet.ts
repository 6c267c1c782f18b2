/** What a controller in a test logs to, and the clock it reads. */

export const silent = { error() {}, warn() {}, info() {}, debug() {} };

/** Microseconds, monotonic. */
export const clock = (): number => Number(process.hrtime.bigint() / 1000n);
