/**
 * `sluice trace`: what a packet would meet, table by table, and whose flow decides.
 * Neighbours: GET /v1/trace; the switch itself does the tracing.
 */
import type { TraceResult } from '../api/client.js';
import { formatRef } from '../api/schemas/kinds.js';
import { UsageError } from '../config/index.js';
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect, isSet, valueOf } from './connect.js';
import { socketFlag } from './help.js';
import { outputFlag, wordOf } from './options.js';
import { table } from './table.js';

function question(parsed: Parsed): string {
  const flow = valueOf(parsed, 'flow');
  if (flow !== undefined) return flow;
  const port = valueOf(parsed, 'port');
  const what = [valueOf(parsed, 'protocol'), port === undefined ? undefined : `port ${port}`].filter(Boolean).join(' ');
  const ends = [valueOf(parsed, 'from'), valueOf(parsed, 'to')].filter(Boolean).join(' to ');
  const reply = isSet(parsed, 'reply') ? 'reply, ' : '';
  return `${reply}${ends}${what === '' ? '' : `, ${what}`}`;
}

export function traceText(asked: string, result: TraceResult): string {
  const { verdict, reason, decidedBy, output, steps, command: line } = result;
  const by = decidedBy.length === 0 ? '' : ` by ${decidedBy.map(formatRef).join(', ')}`;
  const rows = steps.map((step) => [step.table, step.owners.map(formatRef).join(',') || '-', step.flow]);
  return [
    `${asked}: ${verdict}${by}\n`,
    `${reason}\n\n`,
    table(['TABLE', 'OWNER', 'FLOW'], rows),
    `\noutput: ${output.length === 0 ? 'none' : output.join(', ')}\n`,
    `same as: ${line}\n`,
  ].join('');
}

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  if (parsed.positionals.length > 0) {
    throw new UsageError(`trace takes no argument "${parsed.positionals[0]}"`, { hint: 'use --from and --to' });
  }
  const output = wordOf(parsed, 'output', ['json', 'raw']);
  const protocol = wordOf(parsed, 'protocol', ['tcp', 'udp', 'icmp', 'arp']);
  if (valueOf(parsed, 'from') === undefined && valueOf(parsed, 'flow') === undefined) {
    throw new UsageError('trace needs --from, the endpoint that sends', {
      hint: 'for example: sluice trace --from web-1 --to db-1 --protocol tcp --port 5432',
    });
  }
  const result = await connect(parsed, io).trace({
    from: valueOf(parsed, 'from'),
    to: valueOf(parsed, 'to'),
    protocol,
    port: valueOf(parsed, 'port'),
    source: valueOf(parsed, 'source'),
    flow: valueOf(parsed, 'flow'),
    reply: isSet(parsed, 'reply') ? true : undefined,
  });
  if (output === 'json') io.out(`${JSON.stringify(result, null, 2)}\n`);
  else if (output === 'raw') io.out(`${result.raw.trimEnd()}\n`);
  else io.out(traceText(question(parsed), result));
  return exit.ok;
}

const value = { type: 'value' } as const;

export const command: Command = {
  name: 'trace',
  usage: 'trace --from <endpoint> --to <endpoint> [flags]',
  about:
    'Asks the switch what it would do with a packet and shows the tables it passes, whose flows it meets, and who decides. No packet is sent.',
  flags: [
    {
      ...value,
      name: 'from',
      placeholder: '<endpoint>',
      help: 'The endpoint that sends the packet. It must be known to the daemon.',
      example: '--from web-1',
    },
    {
      ...value,
      name: 'to',
      placeholder: '<endpoint>',
      help: 'Where the packet goes. An endpoint or an address will do.',
      example: '--to db-1',
    },
    {
      ...value,
      name: 'protocol',
      placeholder: '<protocol>',
      help: 'What kind of packet it is. One of tcp, udp, icmp and arp.',
      example: '--protocol tcp',
    },
    {
      ...value,
      name: 'port',
      placeholder: '<port>',
      help: 'The destination port. Only tcp and udp have ports.',
      example: '--port 5432',
    },
    {
      ...value,
      name: 'source',
      placeholder: '<ip>',
      help: 'Another source address than the endpoint has. The spoof guard should stop it.',
      example: '--source 10.9.9.9',
    },
    {
      name: 'reply',
      type: 'switch',
      help: 'Traces the answer to such a packet. It follows the verdict of the connection.',
      example: '--reply',
    },
    {
      ...value,
      name: 'flow',
      placeholder: '<flow>',
      help: 'A packet in the words of ofproto/trace. It replaces the flags above.',
      example: '--flow in_port=3,arp',
    },
    { ...outputFlag('json, or raw for the answer of the switch itself') },
    socketFlag,
  ],
  examples: ['sluice trace --from web-1 --to db-1 --protocol tcp --port 5432'],
  run,
};
