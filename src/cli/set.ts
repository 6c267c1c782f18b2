/**
 * `sluice set`: settings of the running daemon, changed without a restart.
 * Neighbours: PATCH /v1/settings; src/config reads the values as `serve` does.
 * Invariant: what is not named stays as it is, and a refused change leaves everything as it was.
 */
import type { ApplyAnswer, EffectiveSetting } from '../api/client.js';
import { UsageError, asField, mergeFields, nearest, objectKeys, settings, splitList } from '../config/index.js';
import type { Flag, Parsed, SettingKey } from '../config/index.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { socketFlag } from './help.js';
import { dryRunFlag, levelFlag, levelOf } from './options.js';
import { reportChange } from './report.js';

/** Words that stand for no value: resetting, and having none of something that may be absent. */
const resetWord = 'default';
const noneWord = 'none';

const flags: readonly Flag[] = objectKeys.map((key): Flag => settings[key]);

function namesOf(flag: Flag): readonly string[] {
  return [flag.name, ...(flag.aliases ?? [])];
}

/** `vtep-ip`, `-vlan-if`, `vlanInterfaces`: what serve and its file understand. */
function keyOf(name: string): SettingKey {
  const key = objectKeys.find((each) => each === name || namesOf(settings[each]).includes(name));
  if (key !== undefined) return key;
  const fixed = Object.values(settings).find((each: Flag) => namesOf(each).includes(name));
  if (fixed !== undefined) {
    throw new UsageError(`${name} cannot change while the daemon runs`, {
      hint: `give it to serve: ${fixed.example}`,
    });
  }
  const near = nearest(name, flags.flatMap(namesOf));
  throw new UsageError(`there is no setting "${name}"`, {
    hint: near === undefined ? `settings are ${flags.map((flag) => flag.name).join(', ')}` : `did you mean ${near}?`,
  });
}

function valueOf(key: SettingKey, texts: readonly string[]): unknown {
  const { type, name, read } = settings[key];
  const [only] = texts;
  if (texts.length === 1 && only === resetWord) return null;
  const isNone = texts.every((text) => text === noneWord || text.trim() === '');
  if (type === 'list') return isNone ? [] : splitList(texts, name).map((item) => read(item, name));
  if ((key === 'vtepIp' || key === 'checkAddress') && isNone) return '';
  if (texts.length !== 1 || only === undefined) throw new UsageError(`${name} takes one value, not ${texts.length}`);
  return read(only.trim(), name);
}

function wanted({ values, positionals }: Parsed): ReadonlyMap<SettingKey, unknown> {
  const found = new Map<SettingKey, unknown>();
  const [name, ...texts] = positionals;
  if (name !== undefined) {
    if (texts.length === 0) {
      throw new UsageError(`${name} needs a value`, { hint: `for example: ${settings[keyOf(name)].example}` });
    }
    const key = keyOf(name);
    found.set(key, valueOf(key, texts));
  }
  for (const key of objectKeys) {
    const given = values[settings[key].name];
    if (given === undefined) continue;
    if (found.has(key)) throw new UsageError(`${settings[key].name} is given twice`);
    found.set(key, valueOf(key, typeof given === 'object' ? given : [String(given)]));
  }
  if (found.size === 0) throw new UsageError('set needs a setting and its value', { hint: 'see `sluice set --help`' });
  return found;
}

/** A flag says what holds after the next start: who changes a running daemon must know. */
function warnings(keys: Iterable<SettingKey>, config: readonly EffectiveSetting[]): string {
  const byKey = new Map(config.map((each) => [each.key, each]));
  return [...keys]
    .map((key) => byKey.get(key)?.overruled)
    .filter((overruled) => overruled !== undefined)
    .map(({ name, value }) => `sluice: ${name} says ${value}, which is in force again after a restart; change it too\n`)
    .join('');
}

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  const changes = wanted(parsed);
  const client = connect(parsed, io);
  const fields = mergeFields([...changes].map(([key, value]) => asField(key, value)));
  const dryRun = parsed.values[dryRunFlag.name] === true;
  const answer: ApplyAnswer = await client.patchSettings(fields, { ...levelOf(parsed), ...(dryRun ? { dryRun } : {}) });
  const code = reportChange(answer, io);
  for (const line of answer.plan ?? []) io.out(`would run: ip ${line}\n`);
  for (const note of answer.notes ?? []) io.err(`sluice: note: ${note}\n`);
  if (dryRun) return code;
  io.err(warnings(changes.keys(), await client.config()));
  return code;
}

export const command: Command = {
  name: 'set',
  usage: 'set <setting> <value>',
  about: `Changes settings of the running daemon; only the difference is sent to the switch. With --dry-run it says which addresses of the host would move, line for line. Settings are named as the flags of serve. The value ${resetWord} takes back what was set, ${noneWord} means no address or no cards.`,
  flags: [...flags, dryRunFlag, levelFlag, socketFlag],
  examples: ['sluice set vtep-ip 10.0.0.9', 'sluice set vlan-if eth1,eth2', 'sluice set vlan-if none'],
  run,
};
