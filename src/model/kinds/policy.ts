/**
 * Policy: a named list of rules, attached to any number of groups of its tenant.
 * Neighbours: rule.ts holds the lines, group.ts attaches it.
 * Invariant: a policy without rules decides nothing.
 */
import { Type, type Static } from 'typebox';
import { shared } from '../names.js';
import type { KindRules } from './kind.js';
import { name, tenantName } from './fields.js';

export const policySchema = Type.Object(
  {
    kind: Type.Literal('policy'),
    tenant: tenantName,
    name: name('Its name within the tenant.', 'web-policy'),
    audit: Type.Optional(
      Type.Boolean({
        description:
          'Count what its rules would decide, and with settings.logDenied log what they would deny, without enforcing them.',
        default: false,
      }),
    ),
  },
  { $id: 'Policy', description: 'A named list of rules, attached to groups.', additionalProperties: false },
);

export type PolicySpec = Static<typeof policySchema>;

export interface Policy {
  readonly kind: 'policy';
  readonly key: string;
  readonly id: number;
  readonly spec: PolicySpec;
  /** Key of the tenant. */
  readonly tenant: string;
  readonly audit: boolean;
}

export const policyRules: KindRules<'policy'> = {
  kind: 'policy',
  schema: policySchema,
  identity: ['tenant', 'name'],
  aliases: { policyName: 'name', tenantName: 'tenant' },
  read(input: PolicySpec) {
    const { tenant, audit = false } = input;
    const spec: PolicySpec = { kind: 'policy', tenant, name: input.name, audit };
    return { kind: 'policy', key: shared(`${tenant}/${input.name}`), id: 0, spec, tenant, audit };
  },
  references: (policy) => [{ field: 'tenant', ref: { kind: 'tenant', key: policy.tenant } }],
};
