/**
 * The two ways a NIC's addresses go: to the bridge, and back. Each is safe to repeat from wherever it stopped.
 * Neighbours: main.ts decides which; src/host says which lines.
 * Invariant: the way back reads the truth first and ends with it: it is done when the NIC carries what the journal says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { readHost } from '../host/network.js';
import { ipBatch, run } from '../host/run.js';
import { carries, carriesSome, moveLines, takeSnapshot } from '../host/snapshot.js';
import type { Snapshot } from '../host/snapshot.js';
import type { Journal } from './journal.js';

async function nowOn(dev: string): Promise<Snapshot> {
  return takeSnapshot(dev, await readHost()).snapshot;
}

function setSysctl(path: string, value: string): void {
  if (readFileSync(path, 'utf8').trim() !== value) writeFileSync(path, value);
}

/** The bridge's own port is there and up, so that nothing is waited for once the addresses are in the air. */
export async function prepare({ bridge }: Journal): Promise<void> {
  await run('ip', ['link', 'set', 'dev', bridge, 'up']);
}

/** One batch: everything off the NIC, everything onto the bridge. */
export async function moveThere(journal: Journal): Promise<readonly string[]> {
  const { nic, bridge, snapshot } = journal;
  const lines = moveLines(snapshot, bridge, [await nowOn(nic)]);
  await ipBatch(lines);
  for (const { path, set } of journal.sysctls) setSysctl(path, set);
  const now = await nowOn(bridge);
  if (!carries(now, snapshot)) throw new Error(`${bridge} does not carry exactly what ${nic} did`);
  return lines;
}

/** Everything onto the NIC again, and the NIC out of its bridge. */
export async function moveBack(journal: Journal, nowMs: number): Promise<readonly string[]> {
  const { nic, bridge, snapshot, mtu } = journal;
  for (const { path, was } of journal.sysctls) setSysctl(path, was);
  const host = await readHost();
  const link = host.links.find(({ name }) => name === nic);
  if (link === undefined) throw new Error(`${nic} is not on this host`);
  const there = takeSnapshot(bridge, host).snapshot;
  const here = takeSnapshot(nic, host).snapshot;
  const lines: string[] = [];
  if (link.mtu !== mtu) lines.push(`link set dev ${nic} mtu ${mtu}`);
  if (!link.up) lines.push(`link set dev ${nic} up`);
  if (!carries(here, snapshot) || carriesSome(there, snapshot)) {
    const elapsedSec = Math.round((nowMs - journal.takenAt) / 1000);
    lines.push(...moveLines(snapshot, nic, [there, here], elapsedSec));
  }
  await ipBatch(lines);
  if (!carries(await nowOn(nic), snapshot)) throw new Error(`${nic} does not carry exactly what it did`);
  // Last: with the userspace datapath the host hears on the NIC already; with the kernel's it does from here on.
  const del = ['--if-exists', '--with-iface', 'del-port', bridge, nic];
  await run('ovs-vsctl', [`--db=${journal.database}`, '--timeout=10', ...del], '', 15_000);
  return lines;
}

/** One echo through the bridge. */
export async function answers({ bridge, checkAddress }: Journal): Promise<boolean> {
  if (checkAddress === undefined) return false;
  return pings(checkAddress, bridge);
}

export async function pings(address: string, dev?: string): Promise<boolean> {
  const through = dev === undefined ? [] : ['-I', dev];
  return run('ping', ['-n', '-q', '-c', '1', '-W', '1', ...through, address], '', 3_000).then(
    () => true,
    () => false,
  );
}
