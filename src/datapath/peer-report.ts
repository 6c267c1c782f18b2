/**
 * What there is to say of a peer beyond its way to the switch: that this host's VTEP address is of the other family.
 * Neighbours: rule-report.ts does the same for rules; controller.ts adds both when somebody asks for a status.
 * Invariant: reported, not refused: a host that moves from one family to the other passes through this.
 */
import { formatAddress, type AnyObject, type State } from '../model/index.js';
import type { ObjectStatus } from './face.js';
import { familyRemark } from './host-ip/judge.js';

export function withPeerReport(status: ObjectStatus, object: AnyObject, { settings }: State): ObjectStatus {
  if (object.kind !== 'peer' || settings.vtepIp === undefined) return status;
  if (typeof object.address === typeof settings.vtepIp) return status;
  const message = familyRemark(object.key, formatAddress(settings.vtepIp));
  return { ...status, problems: [...status.problems, { code: 'other_family', message }] };
}
