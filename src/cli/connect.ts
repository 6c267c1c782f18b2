/**
 * The client for the daemon that the command line and the environment mean.
 * Neighbours: every command that talks to the daemon; src/config knows the usual places.
 */
import { existsSync } from 'node:fs';
import { SluiceClient } from '../api/client.js';
import { callerSocket } from '../config/index.js';
import type { Parsed } from '../config/index.js';
import type { Io } from './command.js';

export function connect({ values }: Parsed, io: Io): SluiceClient {
  const asked = values['socket'];
  return new SluiceClient(typeof asked === 'string' ? asked : callerSocket(io, existsSync));
}

/** The text of a flag that takes one value. */
export function valueOf({ values }: Parsed, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function isSet({ values }: Parsed, name: string): boolean {
  return values[name] === true;
}
