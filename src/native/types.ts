/**
 * What crosses the language border, in both directions. The C++ side of these shapes is native/addon/values.cpp and the
 * two hosts beside it; a change here is a change there.
 */

/** `kind * 2^32 + id`, below 2^40: the model object that wants a flow. The cookie carries it in its upper 40 bits. */
export type OwnerKey = number;

/**
 * `atomic`: one bundle, at most 5,000 messages. `staged`: bundles of about 1,000, make before break.
 * `auto`: one bundle for up to 1,000 messages, which also goes past a larger change that is under way; staged otherwise.
 */
export type CommitMode = 'auto' | 'atomic' | 'staged';

export interface CommitOptions {
  /** Default `auto`. */
  readonly mode?: CommitMode;
  /** The batch is the whole desired set: owners it does not name want nothing. Default false. */
  readonly full?: boolean;
}

/** One owner whose change the switch refused. Its flows are as they were before; everybody else's are in place. */
export interface Quarantine {
  readonly owner: OwnerKey;
  /** OpenFlow's name of the error, e.g. `OFPBAC_BAD_OUT_PORT`. */
  readonly error: string;
  /** The numbers behind it: type and code of OFPT_ERROR (OpenFlow 1.5.1 §7.5.4). */
  readonly type: number;
  readonly code: number;
  /** The refused message: OFPT_FLOW_MOD, OFPT_GROUP_MOD or OFPT_METER_MOD. */
  readonly flow: Uint8Array;
}

export interface CommitResult {
  /** Flows, groups and meters that are new in the switch. */
  readonly added: number;
  readonly modified: number;
  readonly deleted: number;
  /** Named by the batch and in the switch already: nothing was sent for them. */
  readonly unchanged: number;
  /** OpenFlow mods that went out while this commit was under way. */
  readonly messages: number;
  readonly bundles: number;
  readonly elapsedUs: number;
  readonly quarantined: readonly Quarantine[];
}

export interface EngineStats {
  /** `up` is connected but never synced: no commit with `full` has come yet. */
  readonly state: 'down' | 'connecting' | 'up' | 'resync' | 'synced';
  /** Desired flows, groups and meters. */
  readonly flows: number;
  readonly groups: number;
  readonly meters: number;
  /** How many of them the switch has confirmed. */
  readonly confirmed: number;
  /** Entries whose desired and confirmed content differ. */
  readonly unsettled: number;
  readonly owners: number;
  readonly sharedSets: number;
  /** Owners in quarantine. */
  readonly quarantined: number;
  /** Encoded bytes in use, and everything that the store holds. */
  readonly arenaBytes: number;
  readonly memoryBytes: number;
  readonly pendingCommits: number;
  readonly bundlesInFlight: number;
  /** Connections for large changes that stand, beside the main one; they come and go with the load. */
  readonly lanes: number;
  /** Ports of the bridge, as the switch counted them when the last large change began. */
  readonly ports: number;
  /** Since the engine was made. */
  readonly messagesSent: number;
  readonly bundlesSent: number;
  readonly resyncs: number;
  /**
   * Whether the switch tells of others' changes: `off` while it does not (before the first commit, during a large one),
   * `refused` when it cannot.
   */
  readonly monitor: 'off' | 'arming' | 'armed' | 'refused';
  /** Flows, groups and meters that somebody else changed, since the engine was made. */
  readonly drifted: number;
  /** Of those: not put right yet. */
  readonly unmended: number;
}

/** One change that somebody else made. */
export interface DriftSample {
  /** What they did. */
  readonly what: 'added' | 'modified' | 'removed';
  /** An owner that wants the flow; none does when it is absent. */
  readonly owner?: OwnerKey;
  /** OFPT_FLOW_MOD, OFPT_GROUP_MOD or OFPT_METER_MOD: as they left it, or as it was when they removed it. */
  readonly flow: Uint8Array;
}

export type EngineEvent =
  /** The OpenFlow session stands. `datapathId`: 16 hexadecimal digits. */
  | { readonly type: 'up'; readonly datapathId: string }
  /** It is lost, or cannot be had; a reason is reported once, not at every attempt. */
  | { readonly type: 'down'; readonly reason: string }
  /**
   * The switch was read back; not `whole`: some tables of it, or its groups. `sent`: differences to be sent; `foreign`: of
   * those, deletions of what nobody wants.
   */
  | {
      readonly type: 'resynced';
      readonly flowsRead: number;
      readonly groupsRead: number;
      readonly sent: number;
      readonly foreign: number;
      readonly whole: boolean;
      readonly elapsedUs: number;
    }
  /** Somebody else changed flows, groups or meters; they are being put right. `samples` are a few of them. */
  | {
      readonly type: 'drift';
      /** `reading`: found by a read-back, so it may have happened any time since the last. */
      readonly foundBy: 'monitor' | 'reading';
      /** Flows. */
      readonly added: number;
      readonly modified: number;
      readonly removed: number;
      /** Groups and meters, whatever was done to them. */
      readonly groups: number;
      readonly samples: readonly DriftSample[];
    }
  /** Everything that drifted is as it should be again, or its owner is in quarantine. */
  | { readonly type: 'mended'; readonly entries: number; readonly elapsedUs: number }
  /** The same as in CommitResult, also for refusals that no commit waits for (after a resync). */
  | {
      readonly type: 'quarantined';
      readonly owner: OwnerKey;
      readonly error: string;
      readonly errorType: number;
      readonly errorCode: number;
      readonly flow: Uint8Array;
    }
  /** Owners want the same table, priority and match with different actions; `flow` is what is in force. */
  | {
      readonly type: 'conflict';
      readonly winners: readonly OwnerKey[];
      readonly losers: readonly OwnerKey[];
      readonly flow: Uint8Array;
    }
  /** A long operation (more than 5,000 flows): said five times a second, and at its end with `done` = `total`. */
  | {
      readonly type: 'progress';
      readonly phase: 'read' | 'commit';
      readonly done: number;
      readonly total: number;
      readonly elapsedUs: number;
    }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, string>>;
    };

/** A packet that a `controller` action handed over. */
export interface PacketIn {
  readonly table: number;
  /** Owner of the flow. */
  readonly owner: OwnerKey;
  /** ofport; 0 when the switch did not tell. */
  readonly inPort: number;
  /** reg0 to reg15 as they were at the action. */
  readonly registers: readonly number[];
  /** The outer source address when it came through a tunnel: 4 or 16 bytes. */
  readonly tunnelSource?: Uint8Array;
  /** The action's `userdata`. */
  readonly userdata: Uint8Array;
  /** The frame; at most its first 2,048 bytes. */
  readonly packet: Uint8Array;
  /** Its length on the wire. */
  readonly fullLength: number;
}

export interface PacketLaneCounts {
  /** Packets handed over to JavaScript, and those for which there was no room. */
  readonly received: number;
  readonly receivedDropped: number;
  readonly malformed: number;
  /** Packets of ours; dropped: too long, too many at once, or no switch. */
  readonly sent: number;
  readonly sentDropped: number;
  /** Packets of ours that the switch refused. */
  readonly refused: number;
  /** Connections that the switch was asked to forget. */
  readonly flushed: number;
}

export type PacketLaneEvent =
  | { readonly type: 'up' }
  | { readonly type: 'down'; readonly reason: string }
  | ({ readonly type: 'packet' } & PacketIn);
