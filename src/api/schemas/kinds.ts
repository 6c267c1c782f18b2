/**
 * How kinds and keys are written in paths, on the command line and in `kind/key` references. Pure data, no imports at run time.
 * Neighbours: routes/objects.ts makes a path of each kind, src/cli reads names with it.
 * Invariant: key fields are listed in the order of the key's parts, which is the model's.
 */
import type { Kind, Ref } from '../../model/index.js';

export interface KindWords {
  /** Key fields in order; none for the settings, of which there is one. */
  readonly key: readonly string[];
  readonly plural: string;
  readonly short: readonly string[];
  readonly about: string;
}

export const kinds: Readonly<Record<Kind, KindWords>> = {
  settings: { key: [], plural: 'settings', short: ['setting'], about: 'The settings of this host.' },
  tenant: { key: ['name'], plural: 'tenants', short: ['vrf'], about: 'An address space of its own.' },
  network: { key: ['tenant', 'name'], plural: 'networks', short: ['net'], about: 'A VLAN or VXLAN broadcast domain.' },
  netProfile: {
    key: ['tenant', 'name'],
    plural: 'netprofiles',
    short: ['netprofile', 'profile'],
    about: 'Bandwidth and priority of groups.',
  },
  group: { key: ['tenant', 'name'], plural: 'groups', short: ['grp', 'epg'], about: 'Endpoints that share policies.' },
  policy: { key: ['tenant', 'name'], plural: 'policies', short: ['pol'], about: 'A named list of rules.' },
  rule: { key: ['tenant', 'policy', 'id'], plural: 'rules', short: [], about: 'One line of a policy.' },
  endpoint: { key: ['id'], plural: 'endpoints', short: ['ep'], about: 'A workload, on this host or elsewhere.' },
  peer: { key: ['vtepIp'], plural: 'peers', short: ['vtep'], about: "Another host's tunnel address." },
  service: { key: ['tenant', 'name'], plural: 'services', short: ['svc'], about: 'Virtual addresses with providers.' },
  route: { key: ['tenant', 'prefix'], plural: 'routes', short: [], about: 'An external prefix and its next hop.' },
};

export function isKind(word: string): word is Kind {
  return Object.hasOwn(kinds, word);
}

export const kindNames: readonly Kind[] = Object.keys(kinds).filter(isKind);

/** `network`, `networks` and `net` are the same kind to a person. */
export function kindOfWord(word: string): Kind | undefined {
  const lower = word.toLowerCase();
  return kindNames.find((kind) => kind === lower || kinds[kind].plural === lower || kinds[kind].short.includes(lower));
}

/** `tenant/name`, as messages and help say it. */
export function keyForm(kind: Kind): string {
  return kinds[kind].key.join('/');
}

/** The parts of a key; what is left over belongs to the last one of a route's, which is a prefix with a slash of its own. */
function keyParts(kind: Kind, key: string): string[] {
  const parts = key === '' ? [] : key.split('/');
  const { length } = kinds[kind].key;
  if (kind === 'route' && parts.length > length) parts.push(parts.splice(length - 1).join('/'));
  return parts;
}

/** Whether a key has as many parts as its kind asks for. An endpoint's id or a peer's address may hold no slash. */
export function keyFits(kind: Kind, key: string): boolean {
  const parts = keyParts(kind, key);
  return parts.length === kinds[kind].key.length && parts.every((part) => part !== '');
}

export function formatRef({ kind, key }: { readonly kind: string; readonly key: string }): string {
  return key === '' ? kind : `${kind}/${key}`;
}

/** `network/blue/front` apart; undefined when the kind is unknown or the key does not fit it. */
export function parseRef(text: string): Ref | undefined {
  const [word = '', ...parts] = text.split('/');
  const kind = kindOfWord(word);
  const key = parts.join('/');
  return kind !== undefined && keyFits(kind, key) ? { kind, key } : undefined;
}

/** `/v1/network/blue/front`. */
export function pathOf({ kind, key }: Ref): string {
  return ['/v1', kind, ...keyParts(kind, key).map(encodeURIComponent)].join('/');
}
