/**
 * What there is to say of a rule beyond its way to the switch: that another one always decides in its place.
 * Neighbours: status-book.ts knows the way; controller.ts adds this when somebody asks for a status.
 * Invariant: reported, never acted upon: the rule keeps its flows and its state.
 */
import { shadowOf, type AnyObject, type State } from '../model/index.js';
import type { ObjectStatus } from './face.js';

export function withRuleReport(status: ObjectStatus, object: AnyObject, state: State): ObjectStatus {
  const shadow = object.kind === 'rule' ? shadowOf(state, object) : undefined;
  if (shadow === undefined) return status;
  const message = `it never decides: rule ${shadow.key} (${shadow.action}, priority ${shadow.priority}) matches all that it does, and comes first`;
  return { ...status, problems: [...status.problems, { code: 'shadowed', message }] };
}
