/**
 * Settings between the two worlds that hold them: what the daemon was started with, and the `settings` object that callers
 * change later.
 * Neighbours: src/main.ts states the given ones and serves the effective ones; `sluice set` writes the object's fields.
 * Invariant: which field of the object a setting is, is said here only.
 */
import type { DaemonConfig } from './load.js';
import { settingKeys } from './settings.js';
import type { SettingKey } from './settings.js';

/** The path of each setting that lives in the `settings` object; those are the ones that change on a running daemon. */
const objectPaths: Readonly<Partial<Record<SettingKey, readonly [string] | readonly [string, string]>>> = {
  vtepIp: ['vtepIp'],
  vlanInterfaces: ['vlanInterfaces'],
  underlayInterfaces: ['underlayInterfaces'],
  adoptHostIp: ['adoptHostIp'],
  checkAddress: ['checkAddress'],
  confirmWithin: ['confirmWithin'],
  bondMode: ['bond', 'mode'],
  lacp: ['bond', 'lacp'],
  vxlanPort: ['vxlanPort'],
  bridge: ['bridge'],
  uplinkBridge: ['uplinkBridge'],
  datapathType: ['datapathType'],
};

type Fields = Readonly<Record<string, unknown>>;

/** The settings that `sluice set` takes. */
export const objectKeys: readonly SettingKey[] = settingKeys.filter((key) => objectPaths[key] !== undefined);

/** `{bond: {mode: 'active-backup'}}` for `bondMode`. */
export function asField(key: SettingKey, value: unknown): Fields {
  const [field = key, inner] = objectPaths[key] ?? [];
  return { [field]: inner === undefined ? value : { [inner]: value } };
}

/** Fields of several settings in one; those of `bond` side by side. */
export function mergeFields(parts: readonly Fields[]): Fields {
  const merged: Record<string, unknown> = {};
  for (const part of parts) {
    for (const [name, value] of Object.entries(part)) {
      const before = merged[name];
      merged[name] = isFields(before) && isFields(value) ? { ...before, ...value } : value;
    }
  }
  return merged;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOf(object: Fields, key: SettingKey): unknown {
  const [field = key, inner] = objectPaths[key] ?? [];
  const value = object[field];
  return inner === undefined ? value : isFields(value) ? value[inner] : undefined;
}

/**
 * The fields of the model's `settings` object that somebody gave, in the API's form; defaults are left out, so that what
 * was stored earlier stands.
 */
export function givenSettings(config: DaemonConfig): Fields {
  const given = objectKeys.filter((key) => config.sources[key]?.from !== 'default');
  return mergeFields(given.map((key) => asField(key, config[key])));
}

function textOf(value: unknown): string {
  if (value === undefined || value === '') return '-';
  if (Array.isArray(value)) return value.join(',') || '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One line a setting, for `sluice serve --show-config`: key, value, where it came from. */
export function explainConfig(config: DaemonConfig): readonly (readonly [string, string, string])[] {
  return settingKeys.map((key) => [key, textOf(config[key]), config.sources[key]?.name ?? 'default'] as const);
}

export type Origin = 'flag' | 'environment' | 'file' | 'default' | 'api';

export interface EffectiveSetting {
  readonly key: string;
  /** As text: lists by commas, `-` for none. */
  readonly value: string;
  readonly from: Origin;
  /** `--vtep-ip`, `SLUICE_VTEP_IP`, `/etc/sluice/config.yaml:3`, `API`, `default`, or the setting a default follows from. */
  readonly name: string;
  /** What the daemon was started with and the API has overruled; it is in force again after a restart. */
  readonly overruled?: { readonly value: string; readonly name: string };
}

/**
 * Every setting as it is in force: `object` is the settings object of now, `defaults` that of a host nobody told anything.
 */
export function effectiveConfig(config: DaemonConfig, object: Fields, defaults: Fields): readonly EffectiveSetting[] {
  const ofStart = settingKeys.map((key): EffectiveSetting => {
    const { from, name } = config.sources[key] ?? { from: 'default', name: 'default' };
    const start = textOf(config[key]);
    if (objectPaths[key] === undefined) return { key, value: start, from, name };
    const value = textOf(fieldOf(object, key));
    // A default that was chosen for this host says itself why.
    if ((from !== 'default' || name !== 'default') && value === start) return { key, value, from, name };
    if (from !== 'default') return { key, value, from: 'api', name: 'API', overruled: { value: start, name } };
    return { key, value, ...whence(value === textOf(fieldOf(defaults, key))) };
  });
  const taken = new Set(['kind', ...Object.values(objectPaths).map(([field]) => field)]);
  const ofObject = Object.keys({ ...defaults, ...object })
    .filter((key) => !taken.has(key))
    .map((key) => {
      const value = textOf(object[key]);
      return { key, value, ...whence(value === textOf(defaults[key])) };
    });
  return [...ofStart, ...ofObject];
}

function whence(isDefault: boolean): { from: Origin; name: string } {
  return isDefault ? { from: 'default', name: 'default' } : { from: 'api', name: 'API' };
}
