/**
 * A change of some settings as the whole settings object that the model judges.
 * Neighbours: controller.ts merges in the request's own turn, so that two changes at once do not undo each other.
 * Invariant: what the change does not name stays as it is in force now, whoever set it.
 */
import type { Settings } from '../model/index.js';

type Fields = Readonly<Record<string, unknown>>;

/** RFC 7396: objects merge, null takes a field away, everything else replaces. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Record<string, unknown> = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

/**
 * The object to put. A field taken away falls back to what the daemon was started with, else to its default; so an empty
 * list or address that is in force is stated, lest it fall back too.
 */
export function patchedSettings(settings: Settings, patch: Fields): unknown {
  const { spec, vlanInterfaces, underlayInterfaces } = settings;
  return merged(
    { vtepIp: '', checkAddress: '', ...spec, vlanInterfaces, underlayInterfaces },
    { ...patch, kind: 'settings' },
  );
}

/** What the daemon was started with holds for every field that a settings object does not name; also inside `bond`. */
export function withGivenSettings(given: Fields, object: object): Fields {
  const named: Fields = { ...object };
  const inner = Object.entries(given).map(([name, value]): [string, unknown] => {
    const mine = named[name];
    return [name, isFields(value) && isFields(mine) ? { ...value, ...mine } : (mine ?? value)];
  });
  return { ...named, ...Object.fromEntries(inner) };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
