// All action families.
// Neighbours: compile.ts dispatches by them.
// Invariant: a function, because ct, clone and learn import compile.ts, which imports this.

import type { ActionFamily } from './action.js';
import { ctFamily } from './conntrack.js';
import {
  checkLargerFamily,
  cloneFamily,
  conjunctionFamily,
  exitFamily,
  finTimeoutFamily,
  noteFamily,
} from './control.js';
import { controllerFamily } from './controller.js';
import { learnFamily } from './learn.js';
import { groupFamily, meterFamily, outputFamily, queueFamily, resubmitFamily } from './output.js';
import { mplsFamily, ttlFamily, vlanFamily } from './packet.js';
import { moveFamily, olderFamily, setFamily, stackFamily } from './set.js';

export function families(): readonly ActionFamily[] {
  return [
    outputFamily,
    groupFamily,
    meterFamily,
    queueFamily,
    resubmitFamily,
    setFamily,
    moveFamily,
    stackFamily,
    olderFamily,
    vlanFamily,
    mplsFamily,
    ttlFamily,
    ctFamily,
    cloneFamily,
    conjunctionFamily,
    checkLargerFamily,
    learnFamily,
    noteFamily,
    controllerFamily,
    exitFamily,
    finTimeoutFamily,
  ];
}
