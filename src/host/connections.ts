/**
 * Who is connected to this host from outside: the operator's own session among them.
 * Neighbours: uplink-check.ts says it when a NIC shall be taken. Reads /proc/net/tcp, which needs no right and no program.
 */
import { readFileSync } from 'node:fs';

export interface Connection {
  readonly local: string;
  readonly localPort: number;
  readonly remote: string;
}

const established = '01';

/** proc(5): addresses are 32-bit words in the host's (little-endian) order. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).toReversed());
  if (words.length === 1) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  const mapped = /^0{20}f{4}/i.test(bytes.join(''));
  if (mapped)
    return bytes
      .slice(12)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.');
  const groups = Array.from({ length: 8 }, (_, i) => `${bytes[2 * i]}${bytes[2 * i + 1]}`);
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

export function parseConnections(text: string): Connection[] {
  return text
    .split('\n')
    .map((line) => /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line))
    .filter((found) => found !== null && found[4] === established)
    .map((found) => ({
      local: addressOf(found?.[1] ?? ''),
      localPort: Number.parseInt(found?.[2] ?? '', 16),
      remote: addressOf(found?.[3] ?? ''),
    }));
}

export function connections(): Connection[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
    try {
      return parseConnections(readFileSync(path, 'utf8'));
    } catch {
      return [];
    }
  });
}
