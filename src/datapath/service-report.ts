/**
 * What there is to say of a service beyond its way to the switch: providers that are named and not there, or none at all.
 * Neighbours: status-book.ts knows the way; controller.ts adds this when somebody asks for a status.
 * Invariant: reported, never acted upon: the service works with the providers that there are.
 */
import { formatAddress, type AnyObject, type State } from '../model/index.js';
import type { ObjectStatus, StatusProblem } from './face.js';

/** Of thousands, as many as a reader takes in. */
const shown = 5;

export function withServiceReport(status: ObjectStatus, object: AnyObject, state: State): ObjectStatus {
  if (object.kind !== 'service') return status;
  const providers = state.providers(object);
  const there = new Set(
    providers.flatMap((e) => [...(e.ipv4 === undefined ? [] : [e.ipv4]), ...e.ipv6]).map(formatAddress),
  );
  const missing = object.providerAddresses.filter((address) => !there.has(address));
  const problems: StatusProblem[] = [];
  if (providers.length === 0) {
    problems.push({ code: 'no_provider', message: 'it has no provider: connections to it are refused' });
  }
  if (missing.length > 0) {
    const more = missing.length > shown ? ` and ${missing.length - shown} more` : '';
    const message = `no endpoint has the address ${missing.slice(0, shown).join(', ')}${more} yet`;
    problems.push({ code: 'provider_missing', message });
  }
  return problems.length === 0 ? status : { ...status, problems: [...status.problems, ...problems] };
}
