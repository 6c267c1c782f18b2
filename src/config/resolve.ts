/**
 * One setting's value from whichever source outranks the others, and the record of which it was.
 * Neighbours: load.ts makes one per start; file.ts and flags.ts are its sources.
 * Invariant: flag over SLUICE_ variable over file over Contiv's (and Open vSwitch's) variable over default.
 */
import { UsageError } from './errors.js';
import type { FileValue } from './file.js';
import { splitList } from './flags.js';
import type { Parsed } from './flags.js';
import { settingKeys } from './settings.js';
import type { Setting, SettingKey } from './settings.js';

export interface Source {
  readonly from: 'flag' | 'environment' | 'file' | 'default';
  /** `--vtep-ip`, `SLUICE_VTEP_IP`, `/etc/sluice/config.yaml:3`; `default`, or the setting a default follows from. */
  readonly name: string;
}

/** One for each setting. */
export type Sources = { readonly [key in SettingKey]?: Source };

interface Given {
  readonly texts: readonly string[];
  readonly source: Source;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable is an unset one: that is how unit files and containers leave things out. */
function fromEnvironment(env: Environment, names: readonly string[]): Given | undefined {
  for (const name of names) {
    const text = env[name];
    if (text !== undefined && text !== '') return { texts: [text], source: { from: 'environment', name } };
  }
  return undefined;
}

/** A mistake in the file is the file's (exit 4), not the command line's. */
function blame<T>(source: Source, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (source.from !== 'file' || !(error instanceof UsageError)) throw error;
    throw new UsageError(error.message, { hint: error.hint, exitCode: 4 });
  }
}

export class Resolver {
  readonly #flags: Parsed;
  readonly #env: Environment;
  readonly #file: ReadonlyMap<SettingKey, FileValue>;
  readonly #sources = new Map<SettingKey, Source>();

  constructor(flags: Parsed, env: Environment, file: ReadonlyMap<SettingKey, FileValue>) {
    this.#flags = flags;
    this.#env = env;
    this.#file = file;
  }

  /** The single value of a setting, or `fallback`; `follows` names the setting that the fallback was made from. */
  one<T, F>(key: SettingKey, setting: Setting<T>, fallback: F, follows = 'default'): T | F {
    const given = this.#given(key, setting);
    this.#sources.set(key, given?.source ?? { from: 'default', name: follows });
    if (given === undefined) return fallback;
    const { texts, source } = given;
    return blame(source, () => {
      if (texts.length === 1) return setting.read((texts[0] ?? '').trim(), source.name);
      throw new UsageError(`${source.name}: ${key} takes one value, not ${texts.length}`);
    });
  }

  list<T>(key: SettingKey, setting: Setting<T>): readonly T[] {
    const given = this.#given(key, setting);
    this.#sources.set(key, given?.source ?? { from: 'default', name: 'default' });
    if (given === undefined) return [];
    const { texts, source } = given;
    return blame(source, () => splitList(texts, source.name).map((item) => setting.read(item, source.name)));
  }

  sourceOf(key: SettingKey): Source {
    return this.#sources.get(key) ?? { from: 'default', name: 'default' };
  }

  overrule(key: SettingKey, source: Source): void {
    this.#sources.set(key, source);
  }

  sources(): Sources {
    return Object.fromEntries(settingKeys.map((key) => [key, this.sourceOf(key)]));
  }

  #given(key: SettingKey, setting: Setting<unknown>): Given | undefined {
    const flag = this.#flags.values[setting.name];
    if (flag !== undefined) {
      const texts = typeof flag === 'object' ? flag : [String(flag)];
      return { texts, source: { from: 'flag', name: `--${setting.name}` } };
    }
    const ours = setting.env.filter((name) => name.startsWith('SLUICE_'));
    const others = setting.env.filter((name) => !name.startsWith('SLUICE_'));
    const file = this.#file.get(key);
    const inFile: Given | undefined = file && { texts: file.texts, source: { from: 'file', name: file.where } };
    return fromEnvironment(this.#env, ours) ?? inFile ?? fromEnvironment(this.#env, others);
  }
}
