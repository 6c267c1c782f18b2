/**
 * What there is to say of an object beyond its way to the switch. Neighbours: one file a kind of report; controller.ts asks.
 */
import type { AnyObject, State } from '../model/index.js';
import type { ObjectStatus } from './face.js';
import { withPeerReport } from './peer-report.js';
import { withRuleReport } from './rule-report.js';
import { withServiceReport } from './service-report.js';

export function withReports(status: ObjectStatus, object: AnyObject, state: State): ObjectStatus {
  return withServiceReport(withPeerReport(withRuleReport(status, object, state), object, state), object, state);
}
