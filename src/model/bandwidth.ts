/**
 * A bandwidth as people write it: "10 mbps", "1.5Gbps", Contiv's "10mb". Units are decimal, as on the wire.
 * Neighbours: kinds/net-profile.ts.
 * Invariant: format(parse(text)) means what text means; the normal form has the largest unit that leaves a whole number.
 */

/** Bits per second of one; Contiv writes k, kb and kbps for the same. */
const units: readonly (readonly [name: string, kbps: number])[] = [
  ['gbps', 1_000_000],
  ['mbps', 1000],
  ['kbps', 1],
];

export const bandwidthPattern = /^[0-9]+(?:\.[0-9]+)? *(?:[kmg](?:b(?:ps)?)?|bps)$/i;

/** A meter's rate is a 32-bit number of kbit/s. */
export const lastKbps = 0xffffffff;

/** In kbit/s; undefined for what is no bandwidth, is no whole number of kbit/s, or does not fit a meter. */
export function parseBandwidth(text: string): number | undefined {
  if (!bandwidthPattern.test(text)) return undefined;
  const letter = text.replace(/[0-9. ]/g, '')[0]?.toLowerCase();
  const scale = letter === 'b' ? 0.001 : (units.find(([name]) => name[0] === letter)?.[1] ?? 0);
  const kbps = Math.round(Number.parseFloat(text) * scale * 1000) / 1000;
  return Number.isInteger(kbps) && kbps >= 1 && kbps <= lastKbps ? kbps : undefined;
}

export function formatBandwidth(kbps: number): string {
  const [name, scale] = units.find(([, each]) => kbps % each === 0) ?? ['kbps', 1];
  return `${kbps / scale} ${name}`;
}
