/**
 * Finds and loads sluice.node, and types its raw face. Nobody but this room's wrappers uses it.
 * The path is relative to the package root, which is two levels up from src/native (tsx, vitest) and from dist/native.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { NativeError } from './errors.js';
import type {
  CommitMode,
  CommitResult,
  EngineEvent,
  EngineStats,
  OwnerKey,
  PacketLaneCounts,
  PacketLaneEvent,
} from './types.js';

export interface RawEngine {
  connect(remote: string): void;
  commit(batch: Uint8Array, mode: CommitMode, full: boolean): Promise<CommitResult>;
  flows(owner: OwnerKey | undefined, table: number | undefined): Promise<Uint8Array>;
  readSwitch(owner: number | undefined, table: number | undefined): Promise<Uint8Array>;
  owners(sharedId: number): Promise<OwnerKey[]>;
  stats(): Promise<EngineStats>;
  resync(): void;
  retryQuarantined(): void;
  close(): Promise<void>;
}

/** All values are JSON text, `method` included. */
export type RawJsonRpcEvent =
  | { readonly type: 'up' }
  | { readonly type: 'down'; readonly reason: string }
  | { readonly type: 'notify'; readonly method: string; readonly params: string };

export interface RawJsonRpc {
  connect(remote: string): void;
  request(method: string, params: string): Promise<{ readonly result?: string; readonly error?: string }>;
  close(): void;
}

export interface RawPacketLane {
  connect(remote: string): void;
  send(fields: Uint8Array, actions: Uint8Array, packet: Uint8Array): void;
  flush(tuples: Uint8Array): Promise<{ readonly refused: number; readonly error?: string }>;
  counts(): Promise<PacketLaneCounts>;
  close(): Promise<void>;
}

export interface Addon {
  readonly PacketLane: new (onEvents: (events: readonly PacketLaneEvent[]) => void) => RawPacketLane;
  readonly Engine: new (onEvents: (events: readonly EngineEvent[]) => void) => RawEngine;
  readonly JsonRpc: new (onEvents: (events: readonly RawJsonRpcEvent[]) => void, probeMs?: number) => RawJsonRpc;
  /** flock(2), exclusive, without waiting: false when another holds it. */
  readonly tryLock: (fd: number) => boolean;
}

/** SLUICE_ADDON names another build: the sanitizers', or one that is being measured. */
export const addonPath =
  process.env.SLUICE_ADDON ?? fileURLToPath(new URL('../../native/build/Release/sluice.node', import.meta.url));

let loaded: Addon | undefined;

/** The addon, loaded on first use so that commands that need no switch start without it. Throws `addon_missing`. */
export function addon(): Addon {
  loaded ??= load(addonPath);
  return loaded;
}

export function load(path: string): Addon {
  try {
    const exports: Addon = createRequire(import.meta.url)(path);
    return exports;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new NativeError('addon_missing', `cannot load ${path}: ${reason}. Build it with \`npm run build\`.`, {
      cause,
    });
  }
}
