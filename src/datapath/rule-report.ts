/**
 * What there is to say of a rule beyond its way to the switch: that another one always decides in its place, or that the
 * datapath cannot keep all of it.
 * Neighbours: status-book.ts knows the way; controller.ts adds this when somebody asks for a status.
 * Invariant: reported, never acted upon: the rule keeps its flows and its state.
 */
import { shadowOf, type AnyObject, type Rule, type State } from '../model/index.js';
import type { ObjectStatus } from './face.js';

export function withRuleReport(status: ObjectStatus, object: AnyObject, state: State): ObjectStatus {
  if (object.kind !== 'rule') return status;
  const problems = [...status.problems];
  const shadow = shadowOf(state, object);
  if (shadow !== undefined) {
    const message = `it never decides: rule ${shadow.key} (${shadow.action}, priority ${shadow.priority}) matches all that it does, and comes first`;
    problems.push({ code: 'shadowed', message });
  }
  if (isSctp(object) && object.ports.length > 0 && state.settings.datapathType !== 'system') {
    const message =
      'the userspace datapath tracks SCTP by addresses alone: each packet is judged by its own ports, of two hosts the first to send is the client of all their associations, and ICMP errors about any of these pass';
    problems.push({ code: 'sctp_untracked', message });
  }
  return problems.length === status.problems.length ? status : { ...status, problems };
}

const isSctp = ({ protocol }: Rule): boolean => protocol === 'sctp' || protocol === 132;
