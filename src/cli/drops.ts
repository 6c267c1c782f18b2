/**
 * `sluice drops`: packets dropped by reason, and the rules that denied.
 * Neighbours: GET /v1/drops.
 */
import { formatRef } from '../api/schemas/kinds.js';
import type { DropCount } from '../api/client.js';
import { UsageError } from '../config/index.js';
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { socketFlag } from './help.js';
import { outputFlag, wordOf } from './options.js';
import { table } from './table.js';

/** What dropped nothing is left out, unless everything did. */
function rowsOf(drops: readonly DropCount[], all: boolean): string[][] {
  const rows = drops
    .filter(({ packets }) => all || packets > 0)
    .map(({ reason, packets, bytes, about }) => [reason, String(packets), String(bytes), about]);
  const deniers = drops.flatMap(({ reason, by = [] }) =>
    by.map(({ owners, packets, bytes }) => [
      `  ${reason}`,
      String(packets),
      String(bytes),
      owners.map((owner) => (owner.kind === 'group' ? `default of ${formatRef(owner)}` : formatRef(owner))).join(', '),
    ]),
  );
  return [...rows, ...deniers];
}

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  if (parsed.positionals.length > 0) {
    throw new UsageError(`drops takes no argument "${parsed.positionals[0]}"`, { hint: '-o wide shows all reasons' });
  }
  const output = wordOf(parsed, 'output', ['json', 'wide']);
  const drops = await connect(parsed, io).drops();
  if (output === 'json') io.out(`${JSON.stringify({ drops }, null, 2)}\n`);
  else {
    const rows = rowsOf(drops, output === 'wide');
    io.out(rows.length === 0 ? 'nothing was dropped\n' : table(['REASON', 'PACKETS', 'BYTES', 'WHAT'], rows));
  }
  return exit.ok;
}

export const command: Command = {
  name: 'drops',
  usage: 'drops [flags]',
  about:
    'Shows how many packets the switch has dropped for which reason, and which rules and groups denied them. The counters are those of the flows, read now: they begin anew with the switch, and a rule takes its own along.',
  flags: [
    { ...outputFlag(''), help: 'How to print: wide with the reasons nothing was dropped for, or json.' },
    socketFlag,
  ],
  examples: ['sluice drops'],
  run,
};
