/**
 * What a move of host addresses would be: which NIC, to which bridge, in which lines, and why not.
 * Neighbours: judge.ts tells it before a setting is accepted, keeper.ts carries it out.
 * Invariant: a move that cannot be made exactly is a problem, not a move.
 */
import { existsSync, readFileSync } from 'node:fs';
import { cidr, hostAddresses, lockedRoutes, readNeighbours } from '../../host/network.js';
import type { HostNetwork, Link } from '../../host/network.js';
import { moveLines, takeSnapshot } from '../../host/snapshot.js';
import type { Snapshot } from '../../host/snapshot.js';
import { formatAddress, type Settings } from '../../model/index.js';
import type { Journal } from '../../watchdog/journal.js';
import { underlayBridge } from '../ovsdb/wanted.js';

export interface Move {
  readonly nic: string;
  readonly bridge: string;
  readonly link: Link;
  readonly snapshot: Snapshot;
  readonly sysctls: readonly { readonly path: string; readonly was: string; readonly set: string }[];
}

/** Each uplink NIC with the bridge it is for. */
export function uplinksOf(settings: Settings): { nic: string; bridge: string; pointer: string }[] {
  return [
    ...settings.vlanInterfaces.map((nic, i) => ({
      nic,
      bridge: settings.uplinkBridge,
      pointer: `vlanInterfaces/${i}`,
    })),
    ...settings.underlayInterfaces.map((nic, i) => ({
      nic,
      bridge: underlayBridge,
      pointer: `underlayInterfaces/${i}`,
    })),
  ];
}

/** The NICs that are to be in a bridge. */
export function nicsFor(settings: Settings, bridge: string): readonly string[] {
  return uplinksOf(settings)
    .filter((each) => each.bridge === bridge)
    .map(({ nic }) => nic);
}

const conf = '/proc/sys/net';

/**
 * The userspace datapath reads copies of a NIC's frames, so the kernel hears them, too, and would answer each packet twice:
 * strict reverse path filtering (RFC 3704) drops what belongs to the bridge, ARP included; IPv6 has only the switch-off.
 */
function quieten(nics: readonly string[], datapathType: string): Move['sysctls'] {
  if (datapathType !== 'netdev') return [];
  return nics
    .flatMap((nic) => [`${conf}/ipv4/conf/${nic}/rp_filter`, `${conf}/ipv6/conf/${nic}/disable_ipv6`])
    .filter((path) => existsSync(path))
    .map((path) => ({ path, was: readFileSync(path, 'utf8').trim(), set: '1' }));
}

export interface Planned {
  readonly move: Move;
  /** Sentences; the move is not made when there is one. */
  readonly problems: readonly string[];
  readonly remarks: readonly string[];
}

export async function planMove(
  nic: string,
  bridge: string,
  link: Link,
  host: HostNetwork,
  settings: Settings,
): Promise<Planned> {
  const neighbours = await readNeighbours(nic);
  const { snapshot, problems } = takeSnapshot(nic, host, neighbours);
  const locked = await lockedRoutes(nic);
  const all = `${conf}/ipv4/conf/all/rp_filter`;
  const loose = settings.datapathType === 'netdev' && existsSync(all) && readFileSync(all, 'utf8').trim() === '2';
  const move = { nic, bridge, link, snapshot, sysctls: quieten(nicsFor(settings, bridge), settings.datapathType) };
  return {
    move,
    problems: [
      ...problems.map((each) => `${nic} cannot be moved exactly: ${each}`),
      ...locked.map((line) => `${nic} cannot be moved exactly: the route \`${line.trim()}\` has a locked metric`),
      ...(loose
        ? [
            `net.ipv4.conf.all.rp_filter is 2, so that the kernel would answer on ${nic}, too (sysctl -w net.ipv4.conf.all.rp_filter=0)`,
          ]
        : []),
    ],
    remarks: [
      ...snapshot.addresses
        .filter((each) => each['dynamic'] === true && each.family === 'inet')
        .map((each) => `${cidr(each)} on ${nic} is leased: its DHCP client must run on ${bridge} from then on`),
      ...(settings.checkAddress === undefined
        ? [`everything goes back unless \`sluice uplink confirm\` comes within ${settings.confirmWithin} s`]
        : [
            `everything goes back unless ${formatAddress(settings.checkAddress)} answers, or \`sluice uplink confirm\` comes, within ${settings.confirmWithin} s`,
          ]),
    ],
  };
}

/** The lines of ip(8), as they are run. */
export function linesOf({ snapshot, bridge }: Move): string[] {
  return moveLines(snapshot, bridge, [snapshot]);
}

/** `10.0.0.5/24, 10.0.0.7/24`. */
export function addressesOf(link: Link): string {
  return hostAddresses(link).map(cidr).join(', ');
}

export function carriesAddresses({ links }: HostNetwork, name: string): boolean {
  const link = links.find((each) => each.name === name);
  return link !== undefined && hostAddresses(link).length > 0;
}

/** Bridge and addresses went together, as with a lost database of the switch: only the journal has them now. */
export function lostMove({ nic, bridge, snapshot, sysctls }: Journal, link: Link, host: HostNetwork): Move | undefined {
  if (carriesAddresses(host, nic) || carriesAddresses(host, bridge)) return undefined;
  return { nic, bridge, link, snapshot, sysctls };
}
