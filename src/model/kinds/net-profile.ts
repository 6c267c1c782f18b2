/**
 * Net profile: how much the members of a group may send and receive, and the priority that their packets carry.
 * Neighbours: group.ts names one; src/pipeline/bandwidth.ts makes meters of it and src/pipeline/dscp.ts marks packets.
 * Invariant: it limits or marks something; rates are whole kbit/s, so that the switch keeps what was asked for.
 */
import { Type, type Static } from 'typebox';
import { bandwidthPattern, formatBandwidth, lastKbps, parseBandwidth } from '../bandwidth.js';
import { defined, dropEmpty, dropZero, type KindRules } from './kind.js';
import { name, tenantName } from './fields.js';

export const netProfileSchema = Type.Object(
  {
    kind: Type.Literal('netProfile'),
    tenant: tenantName,
    name: name('Its name within the tenant.', 'gold'),
    bandwidth: Type.Optional(
      Type.String({
        description:
          'The most that passes in each direction, in decimal units: kbps, mbps or gbps. No limit when left out.',
        examples: ['10 mbps'],
      }),
    ),
    burst: Type.Optional(
      Type.Integer({
        description:
          'How much may pass at once, in kB, before the rate counts. When left out: what the rate lets pass in 100 ms, at least 64 kB.',
        minimum: 2,
        maximum: 500_000,
        examples: [1500],
      }),
    ),
    dscp: Type.Optional(
      Type.Integer({
        description: 'The DSCP of every packet that a member sends; as the member set it when left out.',
        minimum: 0,
        maximum: 63,
        examples: [46],
      }),
    ),
    scope: Type.Optional(
      Type.Enum(['endpoint', 'group'], {
        description: 'endpoint: each member has the bandwidth to itself. group: the members on this host share it.',
        default: 'endpoint',
      }),
    ),
  },
  {
    $id: 'NetProfile',
    description: 'Bandwidth and priority of a group.',
    examples: [{ kind: 'netProfile', tenant: 'blue', name: 'gold', bandwidth: '10 mbps', dscp: 46, scope: 'endpoint' }],
    additionalProperties: false,
  },
);

export type NetProfileSpec = Static<typeof netProfileSchema>;

export interface NetProfile {
  readonly kind: 'netProfile';
  readonly key: string;
  readonly id: number;
  readonly spec: NetProfileSpec;
  /** Key of the tenant. */
  readonly tenant: string;
  /** In each direction; absent: no limit. Both in the switch's own units, kbit/s and kbit. */
  readonly limit?: { readonly kbps: number; readonly burstKbit: number };
  readonly dscp?: number;
  readonly scope: 'endpoint' | 'group';
}

/** kB, for a rate that nobody said a burst for: 100 ms of it, and never less than TCP needs to get going. */
const leastBurst = 64;
const defaultBurst = (kbps: number): number => Math.max(leastBurst, Math.ceil(kbps / 80));

export const netProfileRules: KindRules<'netProfile'> = {
  kind: 'netProfile',
  schema: netProfileSchema,
  identity: ['tenant', 'name'],
  aliases: { profileName: 'name', tenantName: 'tenant', DSCP: 'dscp' },
  rewrite(fields, written) {
    dropEmpty(fields, 'bandwidth', 'burst');
    // Contiv sends 0 for what nobody set.
    if (written.get('dscp') === 'DSCP') dropZero(fields, 'dscp', 'burst');
  },
  read(input: NetProfileSpec, say) {
    const { tenant, dscp, burst, scope = 'endpoint' } = input;
    const kbps = input.bandwidth === undefined ? undefined : parseBandwidth(input.bandwidth);
    if (input.bandwidth !== undefined && kbps === undefined) {
      const wellFormed = bandwidthPattern.test(input.bandwidth);
      const what = wellFormed
        ? `a whole number of kbps from 1 kbps to ${formatBandwidth(lastKbps)}`
        : 'a bandwidth such as 10 mbps (kbps, mbps or gbps)';
      say('bandwidth', wellFormed ? 'out_of_range' : 'bad_value', `\`${input.bandwidth}\` is not ${what}`);
    }
    if (burst !== undefined && input.bandwidth === undefined) {
      say('burst', 'contradiction', 'burst needs bandwidth', 'state the bandwidth, or leave out burst');
    }
    const limit = kbps === undefined ? undefined : { kbps, burstKbit: 8 * (burst ?? defaultBurst(kbps)) };
    const spec = defined<NetProfileSpec>({
      kind: 'netProfile',
      tenant,
      name: input.name,
      bandwidth: kbps === undefined ? undefined : formatBandwidth(kbps),
      burst,
      dscp,
      scope,
    });
    return defined<NetProfile>({
      kind: 'netProfile',
      key: `${tenant}/${input.name}`,
      id: 0,
      spec,
      tenant,
      limit,
      dscp,
      scope,
    });
  },
  references: (profile) => [{ field: 'tenant', ref: { kind: 'tenant', key: profile.tenant } }],
};
