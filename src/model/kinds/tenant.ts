/**
 * Tenant: an IP space of its own (VRF). The root of networks, groups and policies.
 * Neighbours: network.ts, group.ts and policy.ts refer to it; src/pipeline tracks connections in its zone.
 * Invariant: a zone belongs to one tenant for as long as the tenant lives, restarts included.
 */
import { Type, type Static } from 'typebox';
import { shared } from '../names.js';
import type { KindRules } from './kind.js';
import { name } from './fields.js';

export const tenantSchema = Type.Object(
  { kind: Type.Literal('tenant'), name: name('Its name.', 'blue') },
  {
    $id: 'Tenant',
    description: 'An IP space of its own: tenants never see each other, whatever their addresses.',
    additionalProperties: false,
  },
);

export type TenantSpec = Static<typeof tenantSchema>;

/** ct zones for policy; the upper half of the 16 bits is kept for NAT. */
export const firstZone = 1;
export const lastZone = 32_767;

export interface Tenant {
  readonly kind: 'tenant';
  readonly key: string;
  readonly id: number;
  readonly spec: TenantSpec;
  /** Conntrack zone, 1–32767. */
  readonly zone: number;
}

export const tenantRules: KindRules<'tenant'> = {
  kind: 'tenant',
  schema: tenantSchema,
  identity: ['name'],
  aliases: { tenantName: 'name' },
  bookkeeping: new Set(['defaultNetwork']),
  read(input: TenantSpec) {
    return { kind: 'tenant', key: shared(input.name), id: 0, spec: { kind: 'tenant', name: input.name }, zone: 0 };
  },
  references: () => [],
};
