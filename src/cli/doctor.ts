/**
 * `sluice doctor`: what is wrong on this host, what follows from it, and the command that mends it.
 * Neighbours: src/doctor looks and judges; the daemon, when it answers, says what shall be.
 * Invariant: works without the daemon, and changes nothing.
 */
import { readFileSync } from 'node:fs';
import { Unreachable } from '../api/client.js';
import type { ObjectAnswer, SluiceClient } from '../api/client.js';
import { formatRef, kindNames, kinds } from '../api/schemas/kinds.js';
import { configFlag, loadConfig, settings } from '../config/index.js';
import type { DaemonConfig, Flag, Parsed, SettingKey } from '../config/index.js';
import type { DoctorInput, Finding, Severity } from '../doctor/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { unreachable } from './failure.js';
import { socketFlag } from './help.js';
import { outputFlag, wordOf } from './options.js';

const keys: readonly SettingKey[] = [
  'vtepIp',
  'vlanInterfaces',
  'bridge',
  'uplinkBridge',
  'datapathType',
  'db',
  'rundir',
];

const flags: readonly Flag[] = keys.map((key): Flag => settings[key]);

const usualDatabase = 'unix:/var/run/openvswitch/db.sock';

/** The configuration as `serve` would read it, with the flags given here. */
function configOf({ values }: Parsed, io: Io): Promise<DaemonConfig> {
  const argv = [...flags, configFlag].flatMap(({ name }) => {
    const value = values[name];
    return value === undefined ? [] : [`--${name}=${typeof value === 'object' ? value.join(',') : String(value)}`];
  });
  return loadConfig({ argv, env: io.env, uid: io.uid, readFile: (path) => readFileSync(path, 'utf8') });
}

/** What somebody gave; a default is no wish. */
function wishesOf(config: DaemonConfig): DoctorInput['wishes'] {
  const given = (key: SettingKey): boolean => config.sources[key]?.from !== 'default';
  const { bridge, uplinkBridge, vtepIp, vlanInterfaces, datapathType } = config;
  return {
    bridge,
    uplinkBridge,
    ...(vtepIp === undefined ? {} : { vtepIp }),
    ...(given('vlanInterfaces') ? { uplinks: vlanInterfaces } : {}),
    ...(given('datapathType') ? { datapathType } : {}),
  };
}

async function attentionOf(client: SluiceClient): Promise<{ name: string; state: string; why: string }[]> {
  const lists = await Promise.all(
    kindNames
      .filter((kind) => kind !== 'settings')
      .map(async (kind) => (await client.list(kind)).map((object) => ({ kind, object }))),
  );
  const nameOf = (kind: (typeof kindNames)[number], object: ObjectAnswer): string =>
    formatRef({ kind, key: kinds[kind].key.map((field) => String(object[field])).join('/') });
  return lists
    .flat()
    .filter(({ object }) => ['waiting', 'quarantined'].includes(object.status.state))
    .map(({ kind, object: { status, ...object } }) => ({
      name: nameOf(kind, { ...object, status }),
      state: status.state,
      why: status.waitingFor ?? status.problems[0]?.message ?? 'it does not say why',
    }));
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** What the running daemon works on and wants. */
async function fromDaemon(client: SluiceClient): Promise<DoctorInput> {
  const [status, config, object, peers, { attention, troubles }] = await Promise.all([
    client.status(),
    client.config(),
    client.get({ kind: 'settings', key: '' }),
    client.list('peer'),
    attentionOf(client).then(
      (found) => ({ attention: found, troubles: [] }),
      // A daemon that is half broken is what a doctor is called for.
      (error: unknown) => ({ attention: [], troubles: [`its objects cannot be listed (${String(error)})`] }),
    ),
  ]);
  const setting = (key: string): string => config.find((each) => each.key === key)?.value ?? '';
  const vtepIp = textOf(object['vtepIp']);
  const database = setting('db');
  return {
    database,
    rundir: setting('rundir'),
    usualPlace: database === usualDatabase,
    wishes: {
      bridge: textOf(object['bridge']) ?? '',
      uplinkBridge: textOf(object['uplinkBridge']) ?? '',
      datapathType: textOf(object['datapathType']) ?? 'system',
      uplinks: textsOf(object['vlanInterfaces']),
      peers: peers.map((peer) => String(peer['vtepIp'])),
      ...(vtepIp === undefined ? {} : { vtepIp }),
    },
    daemon: {
      reasons: [...status.reasons, ...troubles],
      attention,
      pid: status.pid,
      ...(status.switch.resync === undefined ? {} : { resync: status.switch.resync }),
    },
  };
}

async function inputOf(parsed: Parsed, io: Io): Promise<DoctorInput> {
  const client = connect(parsed, io);
  try {
    return await fromDaemon(client);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const config = await configOf(parsed, io);
    return {
      database: config.db,
      rundir: config.rundir,
      usualPlace: config.db === usualDatabase,
      wishes: wishesOf(config),
      daemon: { unreachable: unreachable(error).replace(/;.*$/s, '') },
    };
  }
}

const marks: Readonly<Record<Severity, string>> = {
  ok: 'ok      ',
  note: 'note    ',
  warning: 'warning ',
  error: 'ERROR   ',
};

export function findingText({ severity, area, what, consequence, command }: Finding): string {
  const indent = ' '.repeat(18);
  return [
    `${marks[severity]}${area.padEnd(10)}${what}\n`,
    ...(consequence === undefined ? [] : [`${indent}${consequence}\n`]),
    ...(command === undefined ? [] : [`${indent}mend it: ${command}\n`]),
  ].join('');
}

const exits: Readonly<Record<Severity, ExitCode>> = {
  ok: exit.ok,
  note: exit.ok,
  warning: exit.warnings,
  error: exit.failed,
};

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  const output = wordOf(parsed, 'output', ['json']);
  // Loaded here, since it brings the native addon along: help must come without.
  const { diagnose, worst } = await import('../doctor/index.js');
  const findings = await diagnose(await inputOf(parsed, io));
  const severity = worst(findings);
  if (output === 'json') io.out(`${JSON.stringify({ worst: severity, findings }, null, 2)}\n`);
  else io.out(findings.map(findingText).join(''));
  return exits[severity];
}

export const command: Command = {
  name: 'doctor',
  usage: 'doctor [flags]',
  about:
    'Looks at Open vSwitch, the VTEP address, the uplinks, the bridges, what Contiv left behind and the daemon, and says of each thing that is wrong what follows from it and which command mends it. It changes nothing and works without the daemon; then the flags of serve say what shall be. The exit code is that of the worst finding: 1 for an error, 66 for a warning.',
  flags: [...flags, configFlag, outputFlag('json'), socketFlag],
  examples: ['sluice doctor', 'sluice doctor -o json', 'sluice doctor --vtep-ip 10.0.0.5 --vlan-if eth1'],
  run,
};
