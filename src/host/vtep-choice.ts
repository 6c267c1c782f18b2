/**
 * The VTEP address of a host whose operator named none, and why that one.
 * Neighbours: vtep-check.ts chooses; src/main.ts asks once, at the start.
 */
import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { readHost } from './network.js';
import { defaultVtep } from './vtep-check.js';
import type { Choice } from './vtep-check.js';

/** A resolver that is not there must not hold up the start. */
const lookupPatienceMs = 2_000;

async function ownName(): Promise<string[]> {
  const late = new Promise<never[]>((resolve) => setTimeout(resolve, lookupPatienceMs, []).unref());
  const found = lookup(hostname(), { all: true, family: 4 }).catch(() => []);
  return (await Promise.race([found, late])).map(({ address }) => address);
}

export async function chooseVtep(datapathType: string, bridge: string): Promise<Choice | undefined> {
  const [resolved, host] = await Promise.all([ownName(), readHost()]);
  // What the userspace datapath makes are taps; the switch itself was not asked yet.
  const internal = new Set(host.links.filter(({ kind }) => kind === 'tun').map(({ name }) => name));
  return defaultVtep(hostname(), resolved, host, { internal, bridge, datapathType });
}
