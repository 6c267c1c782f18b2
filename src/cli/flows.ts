/**
 * `sluice flows`: the flows as ovs-ofctl prints them, or with their owners.
 * Neighbours: GET /v1/flows.
 */
import { formatRef } from '../api/schemas/kinds.js';
import { UsageError } from '../config/index.js';
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect, valueOf } from './connect.js';
import { socketFlag } from './help.js';
import { outputFlag, wordOf } from './options.js';
import { table } from './table.js';

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  if (parsed.positionals.length > 0) {
    throw new UsageError(`flows takes no argument "${parsed.positionals[0]}"`, {
      hint: 'narrow it with --owner or --table',
    });
  }
  const output = wordOf(parsed, 'output', ['json', 'wide', 'text']);
  const owner = valueOf(parsed, 'owner');
  const tableName = valueOf(parsed, 'table');
  const source = wordOf(parsed, 'source', ['confirmed', 'switch']);
  const query = { ...(owner && { owner }), ...(tableName && { table: tableName }), ...(source && { source }) };
  const client = connect(parsed, io);
  if (output === undefined || output === 'text') {
    io.out(await client.flowsText(query));
    return exit.ok;
  }
  const flows = await client.flows(query);
  if (output === 'json') {
    io.out(`${JSON.stringify({ flows }, null, 2)}\n`);
    return exit.ok;
  }
  const rows = flows.map(({ table: name, priority, packets, owners, text }) => [
    name,
    String(priority),
    packets === undefined ? '-' : String(packets),
    owners.map(formatRef).join(','),
    text,
  ]);
  io.out(table(['TABLE', 'PRIORITY', 'PACKETS', 'OWNER', 'FLOW'], rows));
  return exit.ok;
}

export const command: Command = {
  name: 'flows',
  usage: 'flows [flags]',
  about:
    'Shows the flows that the switch has confirmed, line by line as `ovs-ofctl -O OpenFlow15 --no-stats --names dump-flows` prints them.',
  flags: [
    {
      name: 'owner',
      type: 'value',
      placeholder: '<kind/key>',
      help: 'Only the flows of this object. It is written as kind, slash, key.',
      example: '--owner endpoint/web-1',
    },
    {
      name: 'table',
      type: 'value',
      placeholder: '<table>',
      help: 'Only the flows of this table. Its name or its number will do.',
      example: '--table spoofGuard',
    },
    {
      name: 'source',
      type: 'value',
      placeholder: '<source>',
      help: 'confirmed is what the switch has acknowledged, switch is read from it now with counters. The default is confirmed.',
      example: '--source switch',
    },
    {
      ...outputFlag(''),
      help: 'How to print: text, wide with owners and packet counts, or json. The default is text.',
    },
    socketFlag,
  ],
  examples: ['sluice flows --owner rule/blue/web-policy/10', 'sluice flows --source switch -o wide'],
  run,
};
