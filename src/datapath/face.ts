/**
 * The datapath's public face: all that src/api may know of it. Types only.
 * Neighbours: src/datapath/controller.ts implements it, src/api serves it.
 */
import type { Kind, Ref, State } from '../model/index.js';
import type { Problem } from '../model/errors.js';

/** How far a change must have come before the caller is answered. */
export type Level = 'accepted' | 'committed' | 'effective';

export type ObjectState = 'pending' | 'committed' | 'quarantined' | 'waiting';

export interface StatusProblem {
  readonly code: string;
  readonly message: string;
  /** The refused flow as text, when the switch refused one. */
  readonly flow?: string;
}

export interface ObjectStatus {
  readonly generation: number;
  readonly state: ObjectState;
  /** What a `waiting` object waits for, e.g. `interface veth9`. */
  readonly waitingFor?: string;
  readonly problems: readonly StatusProblem[];
  readonly flows: number;
  readonly packets?: number;
  readonly bytes?: number;
  /** Of an endpoint: bytes of the largest IP packet that its network carries. */
  readonly mtu?: number;
  /** Of an endpoint: where this host reaches it (settings.hostAccess). */
  readonly hostAddress?: string;
}

export interface ApplyRequest {
  readonly put?: readonly unknown[];
  /** Fields of the settings to change (RFC 7396: null resets one); the others stay as they are. Not together with `put`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly delete?: readonly Ref[];
  readonly cascade?: boolean;
  /**
   * How the change goes into the switch: `atomic` in one bundle (up to 5,000 flows; a larger one goes in stages, and that is
   * logged), `staged` in slices, what is led to before what leads there. Without it by the size of the change.
   */
  readonly mode?: 'atomic' | 'staged' | undefined;
}

export interface ApplyResult {
  readonly generation: number;
  readonly level: Level;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
  /** What the switch did; absent for level `accepted`. Times in microseconds. */
  readonly commit?: {
    readonly added: number;
    readonly modified: number;
    readonly deleted: number;
    readonly messages: number;
    readonly compileUs: number;
    readonly commitUs: number;
    /** Connections that the new policy denies and that were cut; only with `onPolicyChange: cut`. */
    readonly cut?: number;
  };
  /** Objects that did not reach `committed`: waiting or quarantined. */
  readonly attention: readonly { readonly ref: Ref; readonly status: ObjectStatus }[];
  /** What is worth knowing of a change of settings. */
  readonly notes?: readonly string[];
}

export interface FlowQuery {
  readonly owner?: Ref;
  readonly table?: string;
  /** `confirmed`: the engine's record of what the switch acknowledged; `switch`: read now, with counters. */
  readonly source?: 'confirmed' | 'switch';
}

export type OwnerRef = Ref | { readonly kind: 'system'; readonly key: string };

export interface FlowLine {
  /** As `ovs-ofctl -O OpenFlow15 --no-stats --names dump-flows` prints it. */
  readonly text: string;
  /** 16 hex digits with 0x. */
  readonly cookie: string;
  readonly owners: readonly OwnerRef[];
  readonly table: string;
  readonly priority: number;
  readonly packets?: number;
  readonly bytes?: number;
}

/** A packet in the caller's words; or `flow`, a raw ofproto/trace flow. */
export interface TraceQuery {
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: 'tcp' | 'udp' | 'icmp' | 'arp';
  readonly port?: number;
  readonly source?: string;
  readonly flow?: string;
  readonly reply?: boolean;
}

export interface TraceStep {
  readonly table: string;
  readonly flow: string;
  readonly owners: readonly OwnerRef[];
}

export interface TraceResult {
  readonly verdict: 'allow' | 'deny' | 'drop';
  /** One sentence: who decided and why, in the caller's words. */
  readonly reason: string;
  readonly decidedBy: readonly OwnerRef[];
  readonly output: readonly string[];
  readonly steps: readonly TraceStep[];
  /** The equivalent command line and what the switch answered. */
  readonly command: string;
  readonly raw: string;
}

/** A NIC of an uplink as the switch sees it. */
export interface UplinkMember {
  readonly name: string;
  /** `missing`: the device is not on this host, or the switch could not open it. */
  readonly link: 'up' | 'down' | 'missing';
  /** Whether frames of unknown place leave by it: of a bond at most one, else the only one, while its link is up. */
  readonly active: boolean;
  readonly speedMbps?: number;
  /**
   * Whether the LACP partner is heard: `current`; `expired` when it was not for 3 s (slow LACP: 90 s), and no frame goes this
   * way; `defaulted` when it is given up, and a partner that knows no LACP is assumed. Absent where LACP is not spoken.
   */
  readonly lacp?: 'current' | 'expired' | 'defaulted';
  /** Why the switch could not open it. */
  readonly error?: string;
}

/** One NIC, or several as a bond; the bond's columns only then. */
export interface UplinkStatus {
  readonly bridge: string;
  readonly port: string;
  readonly bondMode?: string;
  readonly lacp?: string;
  readonly members: readonly UplinkMember[];
}

/** Packets dropped for one reason, as the counters of the flows that drop say now. */
export interface DropCount {
  /** `spoof`, `policy`, `unknown_destination`, …: a public name. */
  readonly reason: string;
  /** What it means. */
  readonly about: string;
  readonly packets: number;
  readonly bytes: number;
  /** Of `policy`: who denied, most packets first. */
  readonly by?: readonly { readonly owners: readonly OwnerRef[]; readonly packets: number; readonly bytes: number }[];
}

/** A NIC whose addresses are lent to its uplink bridge, or were and are back. */
export interface Adoption {
  readonly nic: string;
  readonly bridge: string;
  /** moved is on trial, adopted is confirmed, returned is given back, stuck needs a human. */
  readonly state: 'armed' | 'moved' | 'adopted' | 'returning' | 'returned' | 'stuck';
  readonly addresses: readonly string[];
  /** When a trial ends. */
  readonly until?: string;
  readonly checkAddress?: string;
  /** Why it was given back. */
  readonly reason?: string;
}

/** What a change of settings would do to the host, before it does. */
export interface SettingsPlan {
  readonly problems: readonly Problem[];
  /** Lines of ip(8), in order. */
  readonly lines: readonly string[];
  /** What is worth knowing and no reason to refuse. */
  readonly notes: readonly string[];
}

/** A long operation that is under way: the switch is being read back, or more than 5,000 flows are being confirmed. */
export interface LongRun {
  readonly phase: 'read' | 'commit';
  readonly done: number;
  readonly total: number;
  readonly perSecond: number;
}

/** What somebody else changed in the switch since the daemon was started. */
export interface Drift {
  /** Flows, groups and meters. */
  readonly changes: number;
  /** Some of it is not put right yet. */
  readonly mending: boolean;
  /** What they did last, to whose flow. */
  readonly last?: string;
}

export interface Health {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly switch: {
    readonly connected: boolean;
    readonly datapathId?: string;
    readonly version?: string;
    readonly flows: number;
    readonly progress?: LongRun;
    /** When the switch was last read back whole, how many flows it had, and how many differences were sent. */
    readonly resync?: { readonly secondsAgo: number; readonly flowsRead: number; readonly sent: number };
    readonly drift?: Drift;
  };
  readonly uplinks: readonly UplinkStatus[];
  readonly generation: number;
}

export interface Controller {
  readonly state: State;
  /** Judge, make durable, commit. Throws SluiceError; a refused request changes nothing. */
  apply(request: ApplyRequest, level: Level): Promise<ApplyResult>;
  /** Judge only: the problems a request would meet. */
  check(request: ApplyRequest): readonly Problem[];
  status(ref: Ref): ObjectStatus;
  /** The same with packets and bytes of its own flows, read from the switch now; without them when there is no switch. */
  countedStatus(ref: Ref): Promise<ObjectStatus>;
  /** Every reason, with what was dropped for it. Throws `switch_unavailable`. */
  drops(): Promise<readonly DropCount[]>;
  flows(query: FlowQuery): Promise<readonly FlowLine[]>;
  trace(query: TraceQuery): Promise<TraceResult>;
  health(): Health;
  /** Retry quarantined owners; answers how many. */
  retry(): Promise<number>;
  /** Read the switch back now; what differs is being put right when it answers. */
  resync(): Promise<{ readonly flowsRead: number; readonly sent: number }>;
  /** What a change of settings would meet and do on this host; nothing changes. */
  planSettings(fields: Readonly<Record<string, unknown>>): Promise<SettingsPlan>;
  /** Host addresses that uplink bridges carry. */
  adoptions(): readonly Adoption[];
  /** End the trial of moved host addresses well; answers which NICs'. */
  confirmUplinks(): readonly string[];
  /** Called for every event; returns the function that unsubscribes. */
  subscribe(listener: (event: DatapathEvent) => void): () => void;
}

export interface DatapathEvent {
  readonly type:
    | 'switch-up'
    | 'switch-down'
    | 'resynced'
    | 'drift'
    | 'mended'
    | 'progress'
    | 'committed'
    | 'quarantined'
    | 'port'
    | 'uplink'
    | 'denied'
    | 'state';
  readonly message: string;
  readonly kind?: Kind;
  readonly key?: string;
  readonly fields?: Readonly<Record<string, string | number | boolean>>;
}
