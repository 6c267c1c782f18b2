/**
 * The native room's face: loads and types the addon, no more. What is sent and why is decided elsewhere.
 * Imports nothing of ours.
 */
export { Engine, type EngineOptions } from './engine.js';
export { tryLock } from './file-lock.js';
export { JsonRpc, type JsonRpcOptions } from './json-rpc.js';
export { PacketLane, type ConnectionTuple, type PacketLaneOptions, type PacketOut } from './packet-lane.js';
export { unixctl, type Unixctl } from './unixctl.js';
export { NativeError, nativeErrorCodes, type NativeErrorCode } from './errors.js';
export type {
  CommitMode,
  CommitOptions,
  CommitResult,
  EngineEvent,
  EngineStats,
  OwnerKey,
  PacketIn,
  PacketLaneCounts,
  Quarantine,
} from './types.js';
