/**
 * `sluice status`: the daemon, its switch and its objects at a glance.
 * Neighbours: GET /v1/status.
 */
import type { DaemonStatus, UplinkStatus } from '../api/client.js';
import { kindNames, kinds } from '../api/schemas/kinds.js';
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { socketFlag } from './help.js';
import { outputFlag, wordOf } from './options.js';
import { progressWords } from './progress.js';
import { count } from './table.js';

/** `sluice-bond on br-sluice-up, balance-tcp, LACP active: eth1 up, partner heard, active; eth2 down, partner silent`. */
function uplinkText({ bridge, port, bondMode, lacp, members }: UplinkStatus): string {
  const bond = bondMode === undefined ? [] : [bondMode, lacp === 'off' ? 'no LACP' : `LACP ${lacp}`];
  const each = members.map(({ name, link, active, speedMbps, lacp: partner, error }) =>
    [
      `${name} ${link}`,
      ...(speedMbps === undefined ? [] : [`${speedMbps} Mbit/s`]),
      ...(partner === undefined ? [] : [partner === 'current' ? 'partner heard' : 'partner silent']),
      ...(active && bondMode !== undefined ? ['active'] : []),
      ...(error === undefined ? [] : [error]),
    ].join(', '),
  );
  return `uplink   ${[`${port} on ${bridge}`, ...bond].join(', ')}: ${each.join('; ')}\n`;
}

function driftWords({ changes, mending, last }: NonNullable<DaemonStatus['switch']['drift']>): string {
  const state = mending ? 'being put right' : 'put right';
  return `${count(changes, 'change')} by somebody else, ${state}; last: ${last}`;
}

export function statusText(status: DaemonStatus): string {
  const { switch: datapath, objects } = status;
  const counts = kindNames
    .filter((kind) => kind !== 'settings' && (objects[kind] ?? 0) > 0)
    .map((kind) => count(objects[kind] ?? 0, kind, kinds[kind].plural));
  const about = [
    datapath.connected ? 'connected' : 'not connected',
    ...(datapath.version === undefined ? [] : [`Open vSwitch ${datapath.version}`]),
    ...(datapath.datapathId === undefined ? [] : [`datapath ${datapath.datapathId}`]),
    count(datapath.flows, 'flow'),
    ...(datapath.resync === undefined ? [] : [`read back ${datapath.resync.secondsAgo} s ago`]),
  ];
  return [
    `daemon   sluice ${status.version}, pid ${status.pid}, generation ${status.generation}\n`,
    `ready    ${status.ready ? 'yes' : `no: ${status.reasons.join('; ')}`}\n`,
    `switch   ${about.join(', ')}\n`,
    ...(datapath.drift === undefined || datapath.drift.changes === 0
      ? []
      : [`drift    ${driftWords(datapath.drift)}\n`]),
    ...(datapath.progress === undefined ? [] : [`progress ${progressWords(datapath.progress)}\n`]),
    ...status.uplinks.map(uplinkText),
    `objects  ${counts.length === 0 ? 'none' : counts.join(', ')}\n`,
  ].join('');
}

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  const output = wordOf(parsed, 'output', ['json']);
  const status = await connect(parsed, io).status();
  io.out(output === 'json' ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
  return status.ready ? exit.ok : exit.failed;
}

export const command: Command = {
  name: 'status',
  usage: 'status [flags]',
  about:
    'Shows how the daemon, its switch and the links, bonds and LACP of its uplinks are. It fails when the switch is not as it should be.',
  flags: [
    { ...outputFlag('json'), help: 'How to print: json. Without it a few lines of text are printed.' },
    socketFlag,
  ],
  examples: ['sluice status'],
  run,
};
