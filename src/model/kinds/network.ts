/**
 * Network: a broadcast domain of a tenant, carried in a VLAN or in VXLAN, with the subnets its endpoints live in.
 * Neighbours: tenant.ts above, endpoint.ts below; src/pipeline keeps its tag on the wire.
 * Invariant: a VLAN and a VNI belong to one network, or to one of its groups, on the host, whoever the tenant.
 */
import { Type, type Static } from 'typebox';
import {
  cidrContains,
  compareAddress,
  formatAddress,
  formatCidr,
  isLinkLocal,
  type Address,
  type Cidr,
} from '../addr.js';
import { checkHostAccess } from '../host-access.js';
import { shared } from '../names.js';
import type { Say } from '../problems.js';
import { defined, dropEmpty, type Claim, type KindRules } from './kind.js';
import { name, readCidr, readHost, tenantName, text, vlanTag, vni } from './fields.js';
import { rewriteSubnets } from './subnets.js';
import { rewriteTags } from './tags.js';

export const networkSchema = Type.Object(
  {
    kind: Type.Literal('network'),
    tenant: tenantName,
    name: name('Its name within the tenant.', 'front'),
    encap: Type.Optional(
      Type.Enum(['vlan', 'vxlan'], { description: 'How it leaves the host; told by vlan or vni when left out.' }),
    ),
    vlan: Type.Optional(vlanTag('802.1Q VLAN id, 1–4094; unique on the host.')),
    vni: Type.Optional(vni('VXLAN network identifier, 24 bits; unique on the host.')),
    type: Type.Optional(
      Type.Enum(['data', 'infra'], {
        description:
          'infra: this host itself takes part, by an internal port named as the network. Its MAC is that of the endpoint at this interface; address and link are the caller’s to set.',
        default: 'data',
      }),
    ),
    forwarding: Type.Optional(
      Type.Enum(['bridge', 'routing'], {
        description:
          'routing: the gateways are answered on every host and packets to other networks of the tenant are routed. bridge: the gateway is outside. Default: what settings.forwardingMode says.',
      }),
    ),
    subnet: Type.Optional(text('IPv4 subnet; host bits are cleared.', '10.1.1.0/24')),
    gateway: Type.Optional(text('IPv4 gateway, inside the subnet.', '10.1.1.254')),
    ipv6Subnet: Type.Optional(text('IPv6 subnet; host bits are cleared.', 'fd00:1::/64')),
    ipv6Gateway: Type.Optional(text('IPv6 gateway, inside the subnet or link-local.', 'fd00:1::ff')),
    mtu: Type.Optional(
      Type.Integer({
        description:
          'Bytes of an IP packet, as its endpoints’ status says them. Default: what the NICs under it carry, for VXLAN less 50 (70 between IPv6 VTEPs).',
        minimum: 68,
        maximum: 65_535,
      }),
    ),
  },
  {
    $id: 'Network',
    description: 'A broadcast domain of a tenant, carried in a VLAN or in VXLAN.',
    examples: [
      {
        kind: 'network',
        tenant: 'blue',
        name: 'front',
        encap: 'vxlan',
        vni: 5001,
        subnet: '10.1.1.0/24',
        gateway: '10.1.1.254',
      },
    ],
    additionalProperties: false,
  },
);

export type NetworkSpec = Static<typeof networkSchema>;

export interface Network {
  readonly kind: 'network';
  readonly key: string;
  readonly id: number;
  readonly spec: NetworkSpec;
  /** Key of the tenant. */
  readonly tenant: string;
  readonly encap: 'vlan' | 'vxlan';
  /** Whether the host has a port in it, named as the network. */
  readonly infra: boolean;
  /** VLAN id or VNI, as encap says. */
  readonly tag: number;
  /** As the network says it; where it does not, settings.forwardingMode holds. */
  readonly forwarding?: 'bridge' | 'routing';
  readonly mtu?: number;
  readonly subnet?: Cidr;
  readonly gateway?: number;
  readonly ipv6Subnet?: Cidr;
  readonly ipv6Gateway?: Uint8Array;
}

/** Subnet and gateway of one family; the gateway must be inside. */
function readFamily(
  say: Say,
  input: NetworkSpec,
  family: 4 | 6,
): { subnet?: Cidr | undefined; gateway?: Address | undefined } {
  const [subnetField, gatewayField] =
    family === 4 ? (['subnet', 'gateway'] as const) : (['ipv6Subnet', 'ipv6Gateway'] as const);
  const subnetText = input[subnetField];
  const gatewayText = input[gatewayField];
  const subnet = subnetText === undefined ? undefined : readCidr(say, subnetField, subnetText, family);
  const gateway = gatewayText === undefined ? undefined : readHost(say, gatewayField, gatewayText, family);
  if (gateway !== undefined && subnetText === undefined) {
    say(gatewayField, 'contradiction', `a gateway needs ${subnetField}`);
  } else if (gateway !== undefined && subnet !== undefined && !cidrContains(subnet, gateway)) {
    // A link-local IPv6 gateway is what most routers announce.
    if (typeof gateway === 'number' || !isLinkLocal(gateway))
      say(gatewayField, 'outside_subnet', `gateway \`${gatewayText}\` is not in ${formatCidr(subnet)}`);
  }
  return { subnet, gateway };
}

function readTag(say: Say, input: NetworkSpec): { encap: 'vlan' | 'vxlan'; tag: number } {
  const encap = input.encap ?? (input.vlan !== undefined && input.vni === undefined ? 'vlan' : 'vxlan');
  const [mine, other] = encap === 'vlan' ? (['vlan', 'vni'] as const) : (['vni', 'vlan'] as const);
  if (input[other] !== undefined) {
    say(other, 'contradiction', `a network in ${encap.toUpperCase()} has no ${other}`, `leave out ${other}, or encap`);
  }
  if (input[mine] === undefined && input[other] === undefined)
    say('', 'missing_field', `a network in ${encap.toUpperCase()} needs ${mine}`);
  return { encap, tag: input[mine] ?? 0 };
}

/** Linux (IFNAMSIZ less the final zero). */
const longestPort = 15;

/** RFC 8200 §5. */
const leastIpv6Mtu = 1280;

export const networkRules: KindRules<'network'> = {
  kind: 'network',
  schema: networkSchema,
  identity: ['tenant', 'name'],
  aliases: {
    networkName: 'name',
    tenantName: 'tenant',
    nwType: 'type',
    pktTagType: 'encap',
    ipv6subnet: 'ipv6Subnet',
    ipv6gateway: 'ipv6Gateway',
  },
  bookkeeping: new Set(
    'cfgdTag networkTag ipAddrRange epAddrCount epCount ipAllocMap ipv6AllocMap ipv6LastHost'.split(' '),
  ),
  rewrite(fields, trace) {
    dropEmpty(fields, 'encap', 'type', 'subnet', 'gateway', 'ipv6Subnet', 'ipv6Gateway');
    rewriteSubnets(fields, trace);
    rewriteTags(fields, trace, fields['encap'] === 'vlan' ? 'vlan' : 'vxlan');
  },
  read(input: NetworkSpec, say) {
    const { encap, tag } = readTag(say, input);
    const v4 = readFamily(say, input, 4);
    const v6 = readFamily(say, input, 6);
    const spec = defined<NetworkSpec>({
      kind: 'network',
      tenant: input.tenant,
      name: input.name,
      encap,
      vlan: encap === 'vlan' ? tag : undefined,
      vni: encap === 'vxlan' ? tag : undefined,
      type: input.type ?? 'data',
      forwarding: input.forwarding,
      subnet: v4.subnet && formatCidr(v4.subnet),
      gateway: v4.gateway === undefined ? undefined : formatAddress(v4.gateway),
      ipv6Subnet: v6.subnet && formatCidr(v6.subnet),
      ipv6Gateway: v6.gateway === undefined ? undefined : formatAddress(v6.gateway),
      mtu: input.mtu,
    });
    if (input.mtu !== undefined && input.mtu < leastIpv6Mtu && v6.subnet !== undefined) {
      say('mtu', 'contradiction', `IPv6 needs an MTU of ${leastIpv6Mtu} at least`);
    }
    if (input.type === 'infra' && input.name.length > longestPort) {
      const why = `\`${input.name}\` is too long for the name of its port: ${longestPort} characters at most`;
      say('name', 'out_of_range', why, 'choose a shorter name');
    }
    return defined<Network>({
      kind: 'network',
      key: shared(`${input.tenant}/${input.name}`),
      id: 0,
      spec,
      tenant: shared(input.tenant),
      encap,
      tag,
      infra: input.type === 'infra',
      forwarding: input.forwarding,
      mtu: input.mtu,
      subnet: v4.subnet,
      gateway: v4.gateway as number | undefined,
      ipv6Subnet: v6.subnet,
      ipv6Gateway: v6.gateway as Uint8Array | undefined,
    });
  },
  check: (network, state, say) =>
    checkHostAccess(state.settings, [network], () => (_field, code, message) => say('subnet', code, message)),
  references: (network) => [{ field: 'tenant', ref: { kind: 'tenant', key: network.tenant } }],
  claims({ encap, tag, infra, spec }) {
    const claims: Claim[] = [
      encap === 'vlan'
        ? { field: 'vlan', sort: 'VLAN', scope: '', value: `${tag}` }
        : { field: 'vni', sort: 'VNI', scope: '', value: `${tag}` },
    ];
    if (infra) claims.push({ field: 'name', sort: 'port', scope: '', value: spec.name });
    return claims;
  },
};

/** The network's gateway or subnet that speaks about an address's family. */
export function familyOf(
  network: Network,
  address: Address,
): { subnet?: Cidr | undefined; gateway?: Address | undefined } {
  return typeof address === 'number'
    ? { subnet: network.subnet, gateway: network.gateway }
    : { subnet: network.ipv6Subnet, gateway: network.ipv6Gateway };
}

export function isGateway(network: Network, address: Address): boolean {
  const { gateway } = familyOf(network, address);
  return gateway !== undefined && compareAddress(gateway, address) === 0;
}
