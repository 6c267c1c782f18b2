/**
 * What there is to say of a rule beyond its way to the switch: that others always decide in its place, that another contradicts
 * it, or that the datapath cannot keep all of it.
 * Neighbours: status-book.ts knows the way; controller.ts adds this when somebody asks for a status.
 * Invariant: reported, never acted upon: the rule keeps its flows and its state.
 */
import {
  conflictsOf,
  regionText,
  shadowsOf,
  type AnyObject,
  type Conflict,
  type Rule,
  type State,
} from '../model/index.js';
import type { ObjectStatus, StatusProblem } from './face.js';

/** Rules that one problem names. */
const named = 3;

export function withRuleReport(status: ObjectStatus, object: AnyObject, state: State): ObjectStatus {
  if (object.kind !== 'rule') return status;
  const problems = [...status.problems, ...comparison(state, object)];
  if (isSctp(object) && object.ports.length > 0 && state.settings.datapathType !== 'system') {
    const message =
      'the userspace datapath tracks SCTP by addresses alone: each packet is judged by its own ports, of two hosts the first to send is the client of all their associations, and ICMP errors about any of these pass';
    problems.push({ code: 'sctp_untracked', message });
  }
  return problems.length === status.problems.length ? status : { ...status, problems };
}

/** What other rules make of it. A rule that never decides contradicts nobody. */
function comparison(state: State, rule: Rule): StatusProblem[] {
  const shadows = shadowsOf(state, rule);
  if (shadows !== 'unknown' && shadows.length > 0) return [{ code: 'shadowed', message: shadowed(shadows) }];
  const { found, more } = conflictsOf(state, rule, named);
  const problems: StatusProblem[] = [];
  if (found.length > 0) problems.push({ code: 'conflict', message: contradicted(found, more) });
  if (shadows === 'unknown' || (found.length === 0 && more)) {
    const message = 'too many rules match some of what it does to say whether it ever decides, or which contradict it';
    problems.push({ code: 'not_compared', message });
  }
  return problems;
}

const wordsOf = ({ key, action, priority }: Rule): string => `${key} (${action}, priority ${priority})`;

function shadowed(by: readonly Rule[]): string {
  if (by.length === 1) return `it never decides: rule ${wordsOf(by[0]!)} matches all that it does, and comes first`;
  const others = by.length > named ? [`${by.length - named} more`] : [];
  const list = [...by.slice(0, named).map(wordsOf), ...others];
  const last = list.pop();
  return `it never decides: rules ${list.join(', ')} and ${last} together match all that it does, and come first`;
}

function contradicted(found: readonly Conflict[], more: boolean): string {
  const each = found
    .toSorted((a, b) => (a.rule.key < b.rule.key ? -1 : 1))
    .map((one) => `rule ${one.rule.key} of the same priority ${verbs[one.rule.action]} ${exampleOf(one)}`);
  return `${each.join('; ')}${more ? '; and so do others' : ''}: deny wins`;
}

const verbs = { allow: 'allows', deny: 'denies' } as const;

function exampleOf({ common, ends: { source, destination } }: Conflict): string {
  const groups = [
    source.group && `from group ${source.group.key}`,
    destination.group && `to group ${destination.group.key}`,
  ];
  return [regionText(common), ...groups.filter((words) => words !== undefined)].join(' ');
}

const isSctp = ({ protocol }: Rule): boolean => protocol === 'sctp' || protocol === 132;
