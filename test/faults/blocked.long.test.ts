/** The same for half a minute, in which a switch that probes every few seconds would long have hung up. */
import { test } from 'vitest';
import { expectAliveWhileBlocked } from './blocked.js';

test(
  'the switch is answered and 20,000 flows go in while the JavaScript thread is blocked for 30 s',
  { timeout: 60_000 },
  () => expectAliveWhileBlocked(30_000),
);
