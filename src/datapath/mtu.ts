/**
 * How large an IP packet of an endpoint may be: what its network says, or what the NICs under it carry less the tunnel's headers.
 * Neighbours: ways.ts keeps what is read here up to date; controller.ts puts the value into an endpoint's status.
 * Invariant: where the device under a network cannot be seen (another network namespace), it counts as Ethernet's 1500.
 */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import {
  accessAddress,
  formatAddress,
  parseAddress,
  type AnyObject,
  type Endpoint,
  type Settings,
  type State,
} from '../model/index.js';
import { ethernetMtu, networkMtu, type Underlay } from '../pipeline/world.js';
import type { ObjectStatus } from './face.js';
import { sharesNetwork } from './host-interfaces.js';

/** Outer Ethernet, IP, UDP and VXLAN headers: 14 + 20 (IPv6: 40) + 8 + 8 (RFC 7348 §5). */
const overhead = { v4: 50, v6: 70 } as const;

/** The MTU of an interface as somebody knows it. */
type MtuOf = (name: string) => number | undefined;

function smallest(names: readonly string[], mtuOf: MtuOf): number | undefined {
  const known = names.map(mtuOf).filter((mtu) => mtu !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The device of this host that holds the VTEP address. */
function vtepDevice({ vtepIp }: Settings): string | undefined {
  if (vtepIp === undefined) return undefined;
  const wanted = formatAddress(vtepIp);
  return Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ address }) => {
      const parsed = parseAddress(address);
      return parsed !== undefined && formatAddress(parsed) === wanted;
    }),
  )?.[0];
}

function kernelMtu(name: string): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** `mtuOf` tells what the switch's database says of an interface. */
export function readUnderlay(settings: Settings, rundir: string, mtuOf: MtuOf): Underlay {
  const device = sharesNetwork(rundir) ? vtepDevice(settings) : undefined;
  const carried =
    smallest(settings.underlayInterfaces, mtuOf) ??
    (device === undefined ? undefined : kernelMtu(device)) ??
    ethernetMtu;
  return {
    vlan: smallest(settings.vlanInterfaces, mtuOf) ?? ethernetMtu,
    vxlan: carried - (settings.vtepIp instanceof Uint8Array ? overhead.v6 : overhead.v4),
  };
}

/** The endpoint's MTU, and a problem where its network promises more than the way carries. */
export function withMtu(status: ObjectStatus, endpoint: Endpoint, state: State, underlay: Underlay): ObjectStatus {
  const network = state.networks.get(endpoint.network);
  if (network === undefined) return status;
  const carried = underlay[network.encap];
  const mtu = networkMtu(underlay, network);
  if (mtu <= carried) return { ...status, mtu };
  const message = `network ${network.key} says ${mtu} bytes, and what is under it carries ${carried}: larger packets are lost`;
  return { ...status, mtu, problems: [...status.problems, { code: 'mtu_too_large', message }] };
}

/** Of an endpoint: its MTU, and where the host reaches it. */
export function withWay(status: ObjectStatus, object: AnyObject, state: State, underlay: () => Underlay): ObjectStatus {
  if (object.kind !== 'endpoint') return status;
  const address = accessAddress(state, object);
  const reached = address === undefined ? status : { ...status, hostAddress: formatAddress(address) };
  return withMtu(reached, object, state, underlay());
}
