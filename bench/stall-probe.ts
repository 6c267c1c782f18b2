/**
 * A process of its own that asks a switch for echoes, one a millisecond, until it is told to stop; then it says how long
 * the longest answer took. Neighbour: stall.ts, whose own event loop must not be taken for a stall of the switch.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { echoOnce, greet } from './raw.js';

const [remote = ''] = process.argv.slice(2);
const stop = new AbortController();
process.on('message', () => stop.abort());
const socket = await greet(remote);
process.send?.('ready');
let longest = 0;
while (!stop.signal.aborted) {
  longest = Math.max(longest, await echoOnce(socket));
  await pause(1);
}
socket.destroy();
process.send?.(longest * 1000);
process.disconnect();
