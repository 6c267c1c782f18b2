/** `sluice start`: the shipped example on a private Open vSwitch. Neighbours: start/ has the parts. */
import { type Command, type ExitCode, type Io } from './command.js';
import type { Parsed } from '../config/index.js';

export const command: Command = {
  name: 'start',
  usage: 'start [--once]',
  about:
    'Shows the example host on a private Open vSwitch: its objects, its flows, and what becomes of packets. ' +
    'For root the packets are real; without root the switch is asked what it would do.',
  flags: [
    {
      name: 'once',
      type: 'switch',
      help: 'Ends after the table. Exits with 0 if every verdict is the expected one.',
      example: '--once',
    },
  ],
  examples: ['sluice start --once'],
  run: start,
};

async function start(parsed: Parsed, io: Io): Promise<ExitCode> {
  const { showExample } = await import('./start/index.js');
  let signalled = (): void => undefined;
  const stopped = new Promise<void>((resolve) => (signalled = resolve));
  // Not once(): the sandbox looks whether anybody else answers a signal, and one that is heard once is gone by then.
  process.on('SIGINT', signalled);
  process.on('SIGTERM', signalled);
  try {
    return await showExample(io, { once: parsed.values['once'] === true, stopped: () => stopped });
  } finally {
    process.off('SIGINT', signalled);
    process.off('SIGTERM', signalled);
  }
}
