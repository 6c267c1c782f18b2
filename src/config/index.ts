/**
 * The room's door: flags, environment and file, by one schema.
 * Neighbours: src/cli and src/main.ts. Imports nothing else of ours.
 */
export { UsageError, errnoOf } from './errors.js';
export type { UsageExit } from './errors.js';
export { parseFlags, splitList } from './flags.js';
export type { Flag, Parsed } from './flags.js';
export { asField, effectiveConfig, explainConfig, givenSettings, mergeFields, objectKeys } from './effective.js';
export type { EffectiveSetting } from './effective.js';
export { configFlag, daemonFlags, loadConfig } from './load.js';
export type { DaemonConfig, LoadInput } from './load.js';
export type { Source, Sources } from './resolve.js';
export { callerSocket, ownSocket, systemSocket } from './places.js';
export type { Surroundings } from './places.js';
export { settingKeys, settings } from './settings.js';
export type { DatapathType, LogLevel, SettingKey } from './settings.js';
export { nearest } from './suggest.js';
