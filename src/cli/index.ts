#!/usr/bin/env node
/**
 * The entry of the `sluice` program: the process's streams and exit code around run.ts.
 * Neighbours: package.json's bin names its compiled form.
 */
import { text } from 'node:stream/consumers';
import { exit } from './command.js';
import type { Io } from './command.js';
import { main } from './run.js';

const processIo: Io = {
  out: (chunk) => void process.stdout.write(chunk),
  err: (chunk) => void process.stderr.write(chunk),
  stdin: () => text(process.stdin),
  env: process.env,
  uid: process.getuid?.() ?? 0,
  terminal: process.stderr.isTTY,
};

// `sluice flows | head` closes our output early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exit.ok);
  throw error;
});

process.exitCode = await main(process.argv.slice(2), processIo);
