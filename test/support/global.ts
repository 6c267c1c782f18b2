/** Around the whole run: nothing of dead processes may be left, neither from before (swept) nor by us (a failure). */
import { sweep } from '../../src/sandbox/index.js';

export function setup(): void {
  sweep();
}

export function teardown(): void {
  const left = sweep();
  if (left.length > 0) throw new Error(`the tests left behind (removed now): ${left.join(', ')}`);
}
