/**
 * Group (EPG): the unit of policy; its members share policies and a default.
 * Neighbours: policy.ts is attached to it, endpoint.ts joins it; src/pipeline matches its policy set.
 * Invariant: groups with equal policies and default share one policySet number, and no other group has that number.
 */
import { Type, type Static } from 'typebox';
import { always, defined, dropEmpty, type KindRules, type Reference } from './kind.js';
import { name, tenantName, vlanTag, vni } from './fields.js';

export const groupSchema = Type.Object(
  {
    kind: Type.Literal('group'),
    tenant: tenantName,
    name: name('Its name within the tenant.', 'web'),
    network: Type.Optional(
      name('The one network its members are in; any network of the tenant when left out.', 'front'),
    ),
    policies: Type.Optional(
      Type.Array(name('A policy of the tenant.', 'web-policy'), {
        description: 'Policies that speak for the group; a set, the order means nothing.',
      }),
    ),
    netProfile: Type.Optional(name('A net profile of the tenant: bandwidth and priority of its members.', 'gold')),
    defaultAction: Type.Optional(
      Type.Enum(['allow', 'deny'], {
        description: 'The verdict when no rule matches; deny counts as a rule of priority 0 in both directions.',
        default: 'allow',
      }),
    ),
    vlan: Type.Optional(vlanTag('A VLAN of its own, when the fabric gives it one. Not supported yet.')),
    vni: Type.Optional(vni('A VNI of its own, when the fabric gives it one. Not supported yet.')),
  },
  {
    $id: 'Group',
    description: 'An endpoint group: the unit of policy.',
    examples: [{ kind: 'group', tenant: 'blue', name: 'web', policies: ['web-policy'], defaultAction: 'deny' }],
    additionalProperties: false,
  },
);

export type GroupSpec = Static<typeof groupSchema>;

export interface Group {
  readonly kind: 'group';
  readonly key: string;
  readonly id: number;
  readonly spec: GroupSpec;
  /** Key of the tenant. */
  readonly tenant: string;
  /** Key of the network. */
  readonly network?: string;
  /** Keys of the policies, sorted. */
  readonly policies: readonly string[];
  readonly defaultAction: 'allow' | 'deny';
  /** Key of the net profile. */
  readonly netProfile?: string;
  /** Number of its meters, its own among groups; 0 without a net profile. */
  readonly meters: number;
  /** 32-bit number of (policies, defaultAction); 0 for no policies and allow. */
  readonly policySet: number;
}

export const groupRules: KindRules<'group'> = {
  kind: 'group',
  schema: groupSchema,
  identity: ['tenant', 'name'],
  aliases: { groupName: 'name', tenantName: 'tenant', networkName: 'network' },
  rewrite(fields) {
    dropEmpty(fields, 'network', 'netProfile', 'defaultAction');
  },
  notYet: { vlan: always, vni: always },
  read(input: GroupSpec) {
    const policies = [...new Set(input.policies)].toSorted();
    const defaultAction = input.defaultAction ?? 'allow';
    const spec = defined<GroupSpec>({
      kind: 'group',
      tenant: input.tenant,
      name: input.name,
      network: input.network,
      policies: policies.length > 0 ? policies : undefined,
      netProfile: input.netProfile,
      defaultAction,
      vlan: undefined,
      vni: undefined,
    });
    return defined<Group>({
      kind: 'group',
      key: `${input.tenant}/${input.name}`,
      id: 0,
      spec,
      tenant: input.tenant,
      network: input.network === undefined ? undefined : `${input.tenant}/${input.network}`,
      policies: policies.map((policy) => `${input.tenant}/${policy}`),
      netProfile: input.netProfile === undefined ? undefined : `${input.tenant}/${input.netProfile}`,
      meters: 0,
      defaultAction,
      policySet: 0,
    });
  },
  references(group) {
    const refs: Reference[] = [{ field: 'tenant', ref: { kind: 'tenant', key: group.tenant } }];
    if (group.network !== undefined) refs.push({ field: 'network', ref: { kind: 'network', key: group.network } });
    if (group.netProfile !== undefined)
      refs.push({ field: 'netProfile', ref: { kind: 'netProfile', key: group.netProfile } });
    for (const key of group.policies) refs.push({ field: 'policies', ref: { kind: 'policy', key } });
    return refs;
  },
};

/** Equal for groups that a rule cannot tell apart on its own side. */
export function policySetSignature(group: Pick<Group, 'policies' | 'defaultAction'>): string {
  return group.policies.length === 0 && group.defaultAction === 'allow'
    ? ''
    : `${group.defaultAction} ${group.policies.join(' ')}`;
}

/** Of the numbers of meters: each names two meters of the switch, and those below are for endpoints (pipeline/layout.ts). */
export const firstMeters = 2 ** 17;
export const lastMeters = 2 ** 31 - 2 ** 16 - 1;
