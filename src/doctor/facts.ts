/**
 * Everything the checks look at, gathered once: the switch's database, its daemon, and the host's interfaces and routes.
 * Neighbours: database.ts and network.ts gather; the checks are pure functions of this.
 */
export interface Interface {
  readonly name: string;
  readonly type: string;
  readonly error: string | undefined;
  readonly mtu: number | undefined;
}

/** What the fabric's side of a bond says, as lacp/show has it. */
export type LacpState = 'current' | 'expired' | 'defaulted';

/** Packets that a flow has seen come from outside. */
export interface Seen {
  /** The peer's address, or the VLAN. */
  readonly from: string;
  readonly packets: number;
  /** Seconds since the last one; undefined before the first. */
  readonly secondsAgo: number | undefined;
}

export interface Port {
  readonly name: string;
  /** What Sluice marked it for: uplink, endpoint, tunnel, patch. */
  readonly role: string | undefined;
  readonly interfaces: readonly Interface[];
  /** An access VLAN, or the only VLANs that may pass. */
  readonly tag: number | undefined;
  readonly trunks: readonly number[];
}

export interface Bridge {
  readonly name: string;
  readonly role: string | undefined;
  /** The daemon that marked it, in words that begin with its pid. */
  readonly daemon: string | undefined;
  readonly datapathType: string;
  readonly datapathId: string | undefined;
  readonly failMode: string | undefined;
  readonly protocols: readonly string[];
  readonly otherConfig: Readonly<Record<string, string>>;
  /** Targets. */
  readonly controllers: readonly string[];
  readonly ports: readonly Port[];
}

export interface Database {
  readonly version: string | undefined;
  readonly schema: string | undefined;
  readonly datapathTypes: readonly string[];
  readonly otherConfig: Readonly<Record<string, string>>;
  readonly bridges: readonly Bridge[];
}

export interface Link {
  readonly name: string;
  readonly up: boolean;
  /** No cable, or a peer that is down. */
  readonly carrier: boolean;
  readonly mtu: number;
  /** The Linux bridge, bond or team it belongs to; the kernel datapath shows as ovs-system. */
  readonly master: string | undefined;
  /** Mbit/s, where the driver knows. */
  readonly speed: number | undefined;
  readonly addresses: readonly { readonly address: string; readonly length: number }[];
  readonly defaultRoute: boolean;
}

export interface Route {
  readonly peer: string;
  readonly dev?: string;
  readonly source?: string;
  /** Whether it answered one ping; absent when it was not asked, for it has been heard, or there is no ping here. */
  readonly answers?: boolean;
}

/** What shall be: of the running daemon, else of flags and file, else as the switch shows it. */
export interface Wishes {
  readonly vtepIp: string | undefined;
  readonly uplinks: readonly string[];
  readonly bridge: string;
  readonly uplinkBridge: string;
  readonly datapathType: string;
  readonly peers: readonly string[];
}

export interface DaemonState {
  readonly reasons: readonly string[];
  readonly pid?: number;
  readonly resync?: { readonly secondsAgo: number; readonly flowsRead: number; readonly sent: number };
  /** Objects that are not in place. */
  readonly attention: readonly { readonly name: string; readonly state: string; readonly why: string }[];
}

export interface Facts {
  /** How ovs-vsctl reaches this database: '' when by itself. */
  readonly vsctl: string;
  readonly database: Database | { readonly unreachable: string };
  /** What ovs-vswitchd answered to `version`, or why it did not. */
  readonly vswitchd: { readonly version: string } | { readonly unreachable: string };
  /** What the bridge's datapath can do, as vswitchd names and answers it (`Yes`, `No`, a number); empty where it does not say. */
  readonly features: ReadonlyMap<string, string>;
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  /** By interface; empty where no bond speaks LACP. */
  readonly lacp: ReadonlyMap<string, LacpState>;
  /** What came from peers, and by VLAN from the uplink. */
  readonly peersSeen: readonly Seen[];
  readonly vlansSeen: readonly Seen[];
  /** Daemons that bridges name and that live. */
  readonly living: ReadonlySet<number>;
  readonly wishes: Wishes;
  readonly daemon: DaemonState | { readonly unreachable: string };
}

export function bridgesOf({ database }: Facts): readonly Bridge[] {
  return 'bridges' in database ? database.bridges : [];
}

/** Where a device is in the switch. */
export function placeOf(facts: Facts, name: string): { bridge: Bridge; port: Port; iface: Interface } | undefined {
  for (const bridge of bridgesOf(facts)) {
    for (const port of bridge.ports) {
      const iface = port.interfaces.find((each) => each.name === name);
      if (iface !== undefined) return { bridge, port, iface };
    }
  }
  return undefined;
}

/** The daemon that a bridge names. */
export function bridgePid({ daemon }: Bridge): number | undefined {
  const pid = /^pid (\d+)\b/.exec(daemon ?? '')?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** `12 packets, the last 3 s ago`. */
export function seenText({ packets, secondsAgo }: Seen): string {
  if (secondsAgo === undefined) return 'nothing came yet';
  return `${packets} ${packets === 1 ? 'packet' : 'packets'} came, the last ${secondsAgo} s ago`;
}
