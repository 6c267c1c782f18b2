/**
 * The ports of every generated host: `w1`… are the workloads', and their ofport is in the name.
 * Neighbours: states.ts uses the names, switch.ts makes the same ports on a real switch.
 */
import type { Ports } from '../../src/pipeline/world.js';

export const tunnelPort = 1001;
export const uplinkPort = 1002;
/** OFPP_CONTROLLER. */
export const daemonPort = 0xffff_fffd;
export const workloadPorts = 12;

/** By which the fabric knows the host. */
export const outsideMac = Uint8Array.of(0x06, 0, 0, 0, 0, 1);

export const ports: Ports = {
  of: (iface) => (/^w\d+$/.test(iface) ? Number(iface.slice(1)) : undefined),
  tunnel: tunnelPort,
  uplink: uplinkPort,
  mac: outsideMac,
};

/** What the ways of every generated host carry. */
export const underlay = { vlan: 1500, vxlan: 1450 } as const;
