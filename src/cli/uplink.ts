/**
 * `sluice uplink`: which cards have lent their addresses to a bridge; `sluice uplink confirm` ends a trial well.
 * Neighbours: GET /v1/uplink, POST /v1/uplink/confirm; `sluice set vlan-if` begins one.
 */
import type { Adoption } from '../api/client.js';
import { UsageError } from '../config/index.js';
import type { Parsed } from '../config/index.js';
import { exit } from './command.js';
import type { Command, ExitCode, Io } from './command.js';
import { connect } from './connect.js';
import { socketFlag } from './help.js';
import { outputFlag, wordOf } from './options.js';
import { table } from './table.js';

const meanings: Readonly<Record<Adoption['state'], string>> = {
  armed: 'about to move',
  moved: 'on trial',
  adopted: 'confirmed',
  returning: 'going back',
  returned: 'gone back',
  stuck: 'stuck: put them back by hand',
};

function row({ nic, bridge, addresses, state, until, reason }: Adoption): string[] {
  const why = until === undefined ? (reason ?? '') : `until ${until}`;
  return [nic, bridge, addresses.join(','), meanings[state], why || '-'];
}

async function run(parsed: Parsed, io: Io): Promise<ExitCode> {
  const output = wordOf(parsed, 'output', ['json']);
  const [word, ...more] = parsed.positionals;
  if (more.length > 0 || (word !== undefined && word !== 'confirm')) {
    throw new UsageError(`uplink takes nothing or confirm, not "${parsed.positionals.join(' ')}"`);
  }
  const client = connect(parsed, io);
  if (word === 'confirm') {
    const confirmed = await client.confirmUplinks();
    io.out(`${confirmed.join(', ')}: the addresses stay on the bridge\n`);
    return exit.ok;
  }
  const adoptions = await client.adoptions();
  if (output === 'json') io.out(`${JSON.stringify({ adoptions }, null, 2)}\n`);
  else if (adoptions.length === 0) io.out('no card has lent its addresses to a bridge\n');
  else io.out(table(['CARD', 'BRIDGE', 'ADDRESSES', 'STATE', 'WHY'], adoptions.map(row)));
  return exit.ok;
}

export const command: Command = {
  name: 'uplink',
  usage: 'uplink [confirm]',
  about:
    'Shows the network cards whose host addresses moved to an uplink bridge (--adopt-host-ip). With the word confirm, it keeps them there: a move that nobody confirms and no check address answers is taken back.',
  flags: [outputFlag('json'), socketFlag],
  examples: ['sluice uplink', 'sluice uplink confirm'],
  run,
};
