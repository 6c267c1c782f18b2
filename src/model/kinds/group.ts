/**
 * Group (EPG): the unit of policy; its members share policies and a default, and a VLAN or VNI where the fabric gives the group its own.
 * Neighbours: policy.ts is attached to it, endpoint.ts joins it; src/pipeline matches its policy set and puts its tag on the wire.
 * Invariant: groups with equal policies and default share one policySet number, and no other group has that number.
 */
import { Type, type Static } from 'typebox';
import { shared } from '../names.js';
import type { Say } from '../problems.js';
import { defined, dropBlank, dropEmpty, type Claim, type KindRules, type Mutable, type Reference } from './kind.js';
import type { Network } from './network.js';
import { name, tenantName, vlanTag, vni } from './fields.js';
import { rewriteTags } from './tags.js';

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
    vlan: Type.Optional(
      vlanTag(
        'A VLAN of its own, when the fabric gives it one: what its members send carries it. Needs a VLAN network.',
      ),
    ),
    vni: Type.Optional(
      vni('A VNI of its own, when the fabric gives it one: what its members send carries it. Needs a VXLAN network.'),
    ),
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
  /** Its own VLAN id or VNI, as the network's encap says; without one its members' frames carry the network's. */
  readonly tag?: number;
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
  bookkeeping: new Set('cfgdTag groupTag ipPool IPPool epgIpAllocMap epCount endpointGroupId'.split(' ')),
  rewrite(fields, trace) {
    dropEmpty(fields, 'network', 'netProfile', 'defaultAction');
    // Its state repeats what a net profile says; contracts with the outside are the fabric's.
    dropBlank(fields, 'DSCP', 'Bandwidth', 'Burst', 'extContractsGrps');
    const { pktTagType: type, extPktTag } = fields;
    rewriteTags(fields, trace, type === 'vlan' || (type !== 'vxlan' && !extPktTag) ? 'vlan' : 'vxlan');
    if (type === 'vlan' || type === 'vxlan' || type === '') delete fields['pktTagType'];
  },
  read(input: GroupSpec, say) {
    const tag = readTag(input, say);
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
      vlan: input.vlan,
      vni: input.vni,
    });
    return defined<Group>({
      kind: 'group',
      key: shared(`${input.tenant}/${input.name}`),
      id: 0,
      spec,
      tenant: input.tenant,
      network: input.network === undefined ? undefined : `${input.tenant}/${input.network}`,
      tag,
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
  claims({ key, tag, spec: { vlan } }): Claim[] {
    if (tag === undefined) return [];
    const [field, sort] = vlan === undefined ? (['vni', 'VNI'] as const) : (['vlan', 'VLAN'] as const);
    // A network of the same name is somebody else.
    return [{ field, sort, scope: '', value: `${tag}`, holder: `group ${key}` }];
  },
  check({ network: key, spec: { vlan, vni: own } }, state, say) {
    const network = key === undefined ? undefined : state.networks.get(key);
    if (network === undefined) return;
    const [other, tag] = network.encap === 'vlan' ? (['vni', own] as const) : (['vlan', vlan] as const);
    if (tag === undefined) return;
    const right = network.encap === 'vlan' ? 'vlan' : 'vni';
    const why = `network \`${network.key}\` is in ${network.encap.toUpperCase()}, where a group's own tag is a ${right}`;
    say(other, 'contradiction', why, `state ${right}, or leave out ${other}`);
  },
};

/** The tag of its own, which means something within a network only. */
function readTag({ vlan, vni: own, network }: GroupSpec, say: Say): number | undefined {
  if (vlan !== undefined && own !== undefined) {
    say('vni', 'contradiction', 'a group has a VLAN or a VNI of its own, not both', 'leave one of them out');
  }
  if ((vlan ?? own) !== undefined && network === undefined) {
    const field = vlan === undefined ? 'vni' : 'vlan';
    say(field, 'contradiction', `a ${field} of its own needs network: whose frames those are`);
  }
  return vlan ?? own;
}

/** A tag that is the network's says nothing: Contiv's groups repeat it where the fabric gives them none. */
export function withoutNetworksTag(group: Mutable<Group>, network: Network | undefined): Mutable<Group> {
  const { tag, ...rest } = group;
  const { vlan, vni: own, ...spec } = group.spec;
  if (tag === undefined || tag !== (network?.encap === 'vlan' ? network.spec.vlan : network?.spec.vni)) return group;
  return (network?.encap === 'vlan' ? own : vlan) === undefined ? { ...rest, spec } : group;
}

/** Equal for groups that a rule cannot tell apart on its own side. */
export function policySetSignature(group: Pick<Group, 'policies' | 'defaultAction'>): string {
  return group.policies.length === 0 && group.defaultAction === 'allow'
    ? ''
    : `${group.defaultAction} ${group.policies.join(' ')}`;
}

/** Of the numbers of meters: each names two meters of the switch, and those below are for endpoints (pipeline/layout.ts). */
export const firstMeters = 2 ** 17;
export const lastMeters = 2 ** 31 - 2 ** 16 - 1;
