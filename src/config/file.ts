/**
 * The configuration file: YAML, a flat table of settings.
 * Neighbours: load.ts. The YAML reader is only loaded when there is a file.
 * Invariant: every complaint says file:line, and an unknown key is refused, never skipped.
 */
import { UsageError } from './errors.js';
import { settingKeys, settings } from './settings.js';
import type { SettingKey } from './settings.js';
import { nearest } from './suggest.js';

export interface FileValue {
  /** As if given on the command line: items of a list apart. */
  readonly texts: readonly string[];
  /** `/etc/sluice/config.yaml:3`. */
  readonly where: string;
}

/** `vtepIp` and `vtep-ip` alike. */
const keyByName = new Map<string, SettingKey>(
  settingKeys.flatMap((key) => {
    const { name, ...rest } = settings[key];
    return [key, name, ...('aliases' in rest ? rest.aliases : [])].map((each): [string, SettingKey] => [each, key]);
  }),
);

function texts(value: unknown, where: string): string[] {
  const items = Array.isArray(value) ? value : [value];
  return items.map((item: unknown) => {
    if (typeof item === 'string') return item;
    if (typeof item === 'number' || typeof item === 'boolean') return String(item);
    throw new UsageError(`${where}: a setting is a word, a number, true or false, or a list of them`, { exitCode: 4 });
  });
}

export async function readConfigText(text: string, file: string): Promise<Map<SettingKey, FileValue>> {
  const { LineCounter, isMap, isNode, isScalar, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const doc = parseDocument(text, { lineCounter });
  const [error] = doc.errors;
  if (error !== undefined) {
    throw new UsageError(`${file}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`, { exitCode: 4 });
  }
  const found = new Map<SettingKey, FileValue>();
  if (doc.contents === null) return found;
  if (!isMap(doc.contents)) {
    throw new UsageError(`${file}: a configuration file is a table of settings`, {
      exitCode: 4,
      hint: 'for example: vtepIp: 10.0.0.5',
    });
  }
  for (const { key: node, value } of doc.contents.items) {
    const name = isScalar(node) ? String(node.value) : '';
    const offset = isScalar(node) ? (node.range?.[0] ?? 0) : 0;
    const where = `${file}:${lineCounter.linePos(offset).line}`;
    const key = keyByName.get(name);
    if (key === undefined) {
      const near = nearest(name, keyByName.keys());
      throw new UsageError(`${where}: there is no setting "${name}"`, {
        exitCode: 4,
        hint: near === undefined ? undefined : `did you mean ${near}?`,
      });
    }
    if (found.has(key)) throw new UsageError(`${where}: ${key} is set twice`, { exitCode: 4 });
    const plain: unknown = isNode(value) ? value.toJS(doc) : null;
    if (plain !== null) found.set(key, { texts: texts(plain, where), where });
  }
  return found;
}
