/**
 * The host's end of host access: its port has the subnet's own address, and is up.
 * Neighbours: ovsdb/wanted.ts makes the port; controller.ts asks when the switch has opened it.
 * Invariant: touches that port only, and nothing where vswitchd lives in a network that is not ours.
 */
import { formatAddress, formatMac, hostAddress, hostMac, type Settings } from '../model/index.js';
import { ipBatch } from '../host/run.js';
import { sharesNetwork } from './host-interfaces.js';
import type { Logger } from './log.js';

export interface HostView {
  readonly rundir: string;
  readonly log: Logger;
}

/** The lines of ip(8), also for whoever must type them. */
export function hostPortLines({ hostAccess }: Settings): string[] {
  if (hostAccess === undefined) return [];
  const { port, subnet } = hostAccess;
  return [
    `link set dev ${port} address ${formatMac(hostMac(hostAccess))} up`,
    `addr replace ${formatAddress(hostAddress(hostAccess))}/${subnet.length} dev ${port}`,
  ];
}

/** `opened`: the interfaces that the switch has just opened, or closed. */
export async function configureHostPort(opened: readonly string[], settings: Settings, host: HostView): Promise<void> {
  const port = settings.hostAccess?.port;
  if (port === undefined || !opened.includes(port)) return;
  if (settings.datapathType === 'dummy' || !sharesNetwork(host.rundir)) return;
  try {
    await ipBatch(hostPortLines(settings));
  } catch (error) {
    host.log.warn(
      { err: error, port },
      'the port of host access has no address: the host cannot reach endpoints by it',
    );
  }
}
