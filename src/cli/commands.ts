/**
 * The table of commands. To add one: a file beside this that exports `command`, and a line here.
 * Neighbours: index.ts looks commands up, help.ts lists them.
 * Invariant: nothing is imported before it is asked for; `sluice --help` loads no command.
 */
import type { Command } from './command.js';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

export const commands: readonly CommandEntry[] = [
  { name: 'start', summary: 'Show the example host on a private switch', load: () => import('./start.js') },
  { name: 'serve', summary: 'Run the daemon', load: () => import('./serve.js') },
  { name: 'apply', summary: 'Create or change objects from files', load: () => import('./apply.js') },
  { name: 'get', summary: 'Show objects and their status', load: () => import('./get.js') },
  { name: 'delete', summary: 'Delete objects', load: () => import('./delete.js') },
  { name: 'flows', summary: 'Show the flows, as ovs-ofctl prints them', load: () => import('./flows.js') },
  { name: 'drops', summary: 'Show what was dropped, and why', load: () => import('./drops.js') },
  { name: 'trace', summary: 'Show what a packet would meet, and who decides', load: () => import('./trace.js') },
  { name: 'set', summary: 'Change settings of the running daemon', load: () => import('./set.js') },
  { name: 'config', summary: "Show the daemon's settings and where they came from", load: () => import('./config.js') },
  {
    name: 'uplink',
    summary: 'Show or confirm host addresses that moved to a bridge',
    load: () => import('./uplink.js'),
  },
  { name: 'doctor', summary: 'Find what is wrong on this host, and how to mend it', load: () => import('./doctor.js') },
  { name: 'events', summary: 'Show what happens, as it happens', load: () => import('./events.js') },
  { name: 'resync', summary: 'Read the switch back now', load: () => import('./resync.js') },
  { name: 'retry', summary: 'Try again what the switch refused', load: () => import('./retry.js') },
  { name: 'status', summary: 'Show how the daemon and its switch are', load: () => import('./status.js') },
];
