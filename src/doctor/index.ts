/**
 * The doctor: looks at switch, host and daemon, and says what is wrong and which command mends it. Changes nothing itself.
 * Neighbours: src/cli/doctor.ts. Works without the daemon.
 */
import { bridgeFindings, leftoverFindings } from './bridges.js';
import { daemonFindings } from './daemon.js';
import { datapathFindings } from './datapath.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { gather, type DoctorInput } from './gather.js';
import { switchFindings } from './switch.js';
import { uplinkFindings } from './uplinks.js';
import { vtepFindings } from './vtep.js';

const checks: readonly ((facts: Facts) => Finding[])[] = [
  switchFindings,
  datapathFindings,
  vtepFindings,
  uplinkFindings,
  bridgeFindings,
  leftoverFindings,
  daemonFindings,
];

export function examine(facts: Facts): Finding[] {
  return checks.flatMap((check) => check(facts));
}

export async function diagnose(input: DoctorInput): Promise<Finding[]> {
  return examine(await gather(input));
}

export { worst } from './finding.js';
export type { Finding, Severity } from './finding.js';
export type { DoctorInput } from './gather.js';
