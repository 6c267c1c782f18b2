/** While JavaScript stands still for three seconds the switch is answered, and the commit goes on without it. */
import { test } from 'vitest';
import { expectAliveWhileBlocked } from './blocked.js';

test('echoes are answered within a second and 20,000 flows go in while the JavaScript thread is blocked', () =>
  expectAliveWhileBlocked(3_000));
