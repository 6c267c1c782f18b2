/**
 * Endpoint: a workload's interface: its addresses, its network and group, and where it is.
 * Neighbours: network.ts and group.ts above, peer.ts when it is remote; src/pipeline delivers to it and guards it.
 * Invariant: within a network a MAC, within a tenant an IP, and on the host an interface belong to one endpoint.
 */
import { Type, type Static } from 'typebox';
import {
  cidrContains,
  compareAddress,
  formatAddress,
  formatCidr,
  formatMac,
  isLinkLocal,
  lastAddress,
} from '../addr.js';
import type { Address, Cidr } from '../addr.js';
import { shared } from '../names.js';
import type { Say } from '../problems.js';
import type { State } from '../types.js';
import {
  dropEmpty,
  nothing,
  type Claim,
  type Fields,
  type KindRules,
  type Mutable,
  type Reference,
  type Trace,
} from './kind.js';
import { id, interfaceName, name, readCidr, readHost, readMac, tenantName, text } from './fields.js';
import { familyOf, isGateway, type Network } from './network.js';

export const endpointSchema = Type.Object(
  {
    kind: Type.Literal('endpoint'),
    id: id('Its id, unique on the host.', 'web-1'),
    tenant: tenantName,
    network: name('The network of the tenant it is in.', 'front'),
    group: Type.Optional(name('The group of the tenant whose policies hold for it.', 'web')),
    mac: text('Its MAC address; unique within the network.', '02:00:0a:01:01:01'),
    ipv4: Type.Optional(text('Its IPv4 address; unique within the tenant, inside the subnet.', '10.1.1.1')),
    ipv6: Type.Optional(
      Type.Array(Type.String({ examples: ['fd00:1::1'] }), {
        description:
          'Its IPv6 addresses; unique within the tenant, inside the subnet. The link-local address made of its MAC goes without saying; another one (RFC 7217) must be listed.',
      }),
    ),
    allowedAddresses: Type.Optional(
      Type.Array(
        Type.Object(
          {
            ip: text('Address or prefix.', '10.1.1.100', '10.9.0.0/24'),
            mac: Type.Optional(text('MAC it may use with it; its own when left out.', '00:00:5e:00:01:0a')),
          },
          { additionalProperties: false },
        ),
        { description: 'What it may send from besides its own addresses: keepalived, floating IPs.' },
      ),
    ),
    interface: Type.Optional(
      interfaceName('Local: the device or OVS port to use, 15 characters at most.', 'veth-web-1'),
    ),
    vtepIp: Type.Optional(text('Remote: the VTEP of the peer it is behind.', '172.31.0.2')),
  },
  {
    $id: 'Endpoint',
    description: "A workload's interface. Neither interface nor vtepIp: it is somewhere else on the VLAN.",
    examples: [
      {
        kind: 'endpoint',
        id: 'web-1',
        tenant: 'blue',
        network: 'front',
        group: 'web',
        mac: '02:00:0a:01:01:01',
        ipv4: '10.1.1.1',
        interface: 'veth-web-1',
      },
    ],
    additionalProperties: false,
  },
);

export type EndpointSpec = Static<typeof endpointSchema>;

/** An extra source: one of ipv4 and ipv6, with the endpoint's own MAC when it names none. */
export interface AllowedAddress {
  readonly mac?: Uint8Array;
  readonly ipv4?: Cidr;
  readonly ipv6?: Cidr;
}

export interface Endpoint {
  readonly kind: 'endpoint';
  readonly key: string;
  readonly id: number;
  readonly spec: EndpointSpec;
  /** Keys of the tenant, network and group. */
  readonly tenant: string;
  readonly network: string;
  readonly group?: string;
  readonly mac: Uint8Array;
  readonly ipv4?: number;
  readonly ipv6: readonly Uint8Array[];
  readonly allowed: readonly AllowedAddress[];
  /** Here, behind a peer (its key), or undefined: elsewhere on the VLAN. */
  /** Its number among the endpoints of this host, which host access makes an address of; 0 elsewhere. */
  readonly hostNumber: number;
  readonly where?: { readonly interface: string } | { readonly vtepIp: string };
}

const noMac = new Uint8Array(6);

/** Contiv names a group by `group:tenant` and a network by `network.tenant`, and lists both families under `ipAddress`. */
function rewrite(fields: Fields, trace: Trace): void {
  dropEmpty(
    fields,
    'group',
    'ipv4',
    'interface',
    'vtepIp',
    'ipAddress',
    'ipv6Address',
    'endpointGroupKey',
    'serviceName',
  );
  rewriteKeys(fields, trace);
  if (typeof fields['ipv6Address'] === 'string' && !('ipv6' in fields) && typeof fields['ipAddress'] !== 'object') {
    fields['ipAddress'] = [fields['ipAddress'] ?? '', fields['ipv6Address']];
    delete fields['ipv6Address'];
  }
  const listed = fields['ipAddress'];
  // Beside an address under our own name it stays, and is reported as a field the endpoint does not have.
  if (listed === undefined || 'ipv4' in fields || 'ipv6' in fields) return;
  delete fields['ipAddress'];
  const list = (Array.isArray(listed) ? listed : [listed]).filter((ip) => ip !== '');
  const v6 = list.filter((ip) => typeof ip === 'string' && ip.includes(':'));
  const rest = list.filter((ip) => !v6.includes(ip));
  if (rest.length > 0) {
    fields['ipv4'] = rest.length === 1 ? rest[0] : rest;
    trace.set('ipv4', 'ipAddress');
  }
  if (v6.length > 0) {
    fields['ipv6'] = v6;
    trace.set('ipv6', 'ipAddress');
  }
}

function rewriteKeys(fields: Fields, trace: Trace): void {
  const { endpointGroupKey: groupKey, netID, serviceName } = fields;
  if (typeof groupKey === 'string' && !('group' in fields)) {
    const [group, tenant, ...rest] = groupKey.split(':');
    if (tenant !== undefined && rest.length === 0 && (fields['tenant'] ?? tenant) === tenant) {
      Object.assign(fields, { group, tenant });
      trace.set('group', 'endpointGroupKey');
      delete fields['endpointGroupKey'];
      // The service of an endpoint is Contiv's older word for its group.
      if (serviceName === group) delete fields['serviceName'];
    }
  }
  const end = `.${String(fields['tenant'])}`;
  if (typeof netID === 'string' && !('network' in fields) && netID.endsWith(end)) {
    fields['network'] = netID.slice(0, -end.length);
    trace.set('network', 'netID');
    delete fields['netID'];
  }
}

type AllowedTexts = NonNullable<EndpointSpec['allowedAddresses']>;

function readAllowed(input: AllowedTexts, say: Say): { texts: AllowedTexts; allowed: AllowedAddress[] } {
  const texts: AllowedTexts = [];
  const allowed: AllowedAddress[] = [];
  for (const [i, entry] of input.entries()) {
    const cidr = readCidr(say, `allowedAddresses/${i}/ip`, entry.ip);
    const mac = entry.mac === undefined ? undefined : readMac(say, `allowedAddresses/${i}/mac`, entry.mac);
    if (cidr === undefined) continue;
    // A single address reads better without its /32, and is how people write it.
    const single = cidr.length === (cidr.family === 4 ? 32 : 128);
    const ip = single ? formatAddress(cidr.address) : formatCidr(cidr);
    texts.push(mac === undefined ? { ip } : { ip, mac: formatMac(mac) });
    const family = cidr.family === 4 ? { ipv4: cidr } : { ipv6: cidr };
    allowed.push(mac === undefined ? family : { ...family, mac });
  }
  return { texts, allowed };
}

function readIpv6Texts(ipv6: readonly Uint8Array[], say: Say): string[] {
  const texts = ipv6.map(formatAddress);
  for (const [i, ip] of texts.entries()) {
    if (texts.indexOf(ip) < i) say(`ipv6/${i}`, 'duplicate', `\`${ip}\` is listed twice`);
  }
  return texts;
}

function readWhere(input: EndpointSpec, say: Say): Endpoint['where'] {
  if (input.interface !== undefined && input.vtepIp !== undefined) {
    say(
      'vtepIp',
      'contradiction',
      'an endpoint is either at an interface here or behind a vtepIp',
      'leave out one of them',
    );
  }
  if (input.interface !== undefined) return { interface: input.interface };
  if (input.vtepIp === undefined) return undefined;
  const address = readHost(say, 'vtepIp', input.vtepIp);
  return address === undefined ? undefined : { vtepIp: shared(formatAddress(address)) };
}

interface Own {
  readonly field: string;
  readonly address: Address;
  readonly text: string;
}

/** Every address it calls its own, with the field that says so. */
function addresses({ ipv4, ipv6, spec }: Endpoint): readonly Own[] {
  const own: Own[] = ipv4 === undefined ? [] : [{ field: 'ipv4', address: ipv4, text: spec.ipv4 ?? '' }];
  for (const [i, address] of ipv6.entries()) own.push({ field: `ipv6/${i}`, address, text: spec.ipv6?.[i] ?? '' });
  return own;
}

function checkAddress(
  endpoint: Endpoint,
  network: Network,
  field: string,
  address: Address,
  shown: string,
  say: Say,
): void {
  if (isGateway(network, address)) {
    say(field, 'duplicate', `\`${shown}\` is the gateway of network \`${network.key}\``);
    return;
  }
  const { subnet } = familyOf(network, address);
  if (subnet === undefined || (typeof address !== 'number' && isLinkLocal(address))) return;
  const allowed = endpoint.allowed.some(({ ipv4, ipv6 }) =>
    [ipv4, ipv6].some((cidr) => cidr && cidrContains(cidr, address)),
  );
  if (!cidrContains(subnet, address)) {
    if (!allowed)
      say(
        field,
        'outside_subnet',
        `\`${shown}\` is not in ${formatCidr(subnet)}, the subnet of network \`${network.key}\``,
      );
  } else if (subnet.family === 4 && subnet.length < 31) {
    // RFC 3021: a /31 has neither a network nor a broadcast address.
    if (compareAddress(address, subnet.address) === 0)
      say(field, 'bad_address', `\`${shown}\` is the network address of ${formatCidr(subnet)}`);
    if (compareAddress(address, lastAddress(subnet)) === 0)
      say(field, 'bad_address', `\`${shown}\` is the broadcast address of ${formatCidr(subnet)}`);
  }
}

/** Where the endpoint stands against its network, its group and this host. */
function check(endpoint: Endpoint, state: State, say: Say): void {
  const network = state.networks.get(endpoint.network);
  if (network !== undefined) {
    for (const { field, address, text: shown } of addresses(endpoint))
      checkAddress(endpoint, network, field, address, shown, say);
  }
  const port = endpoint.where !== undefined && 'interface' in endpoint.where ? endpoint.where.interface : undefined;
  const owner = port === undefined ? undefined : state.networkAt(port);
  if (owner !== undefined && owner.key !== endpoint.network) {
    say('interface', 'contradiction', `\`${port}\` is the host's port in network \`${owner.key}\``);
  }
  const group = endpoint.group === undefined ? undefined : state.groups.get(endpoint.group);
  if (group?.network !== undefined && group.network !== endpoint.network) {
    say(
      'group',
      'contradiction',
      `group \`${group.key}\` is for network \`${group.network}\`, not \`${endpoint.network}\``,
    );
  }
  if (
    endpoint.where !== undefined &&
    'vtepIp' in endpoint.where &&
    endpoint.where.vtepIp === state.settings.spec.vtepIp
  ) {
    say(
      'vtepIp',
      'contradiction',
      `\`${endpoint.where.vtepIp}\` is this host's own VTEP`,
      'name its interface instead',
    );
  }
}

export const endpointRules: KindRules<'endpoint'> = {
  kind: 'endpoint',
  schema: endpointSchema,
  identity: ['id'],
  aliases: {
    endpointID: 'id',
    endpointId: 'id',
    tenantName: 'tenant',
    networkName: 'network',
    groupName: 'group',
    endpointGroup: 'group',
    macAddress: 'mac',
    intfName: 'interface',
    vtepIP: 'vtepIp',
  },
  bookkeeping: new Set(
    'containerID containerId containerName epCommonName endpointGroupId homingHost labels virtualPort'.split(' '),
  ),
  rewrite,
  read(input: EndpointSpec, say) {
    const key = input.id;
    const tenant = shared(input.tenant);
    const network = shared(`${tenant}/${input.network}`);
    const mac = readMac(say, 'mac', input.mac) ?? noMac;
    const ipv6 =
      input.ipv6 === undefined ? nothing : input.ipv6.flatMap((ip, i) => readHost(say, `ipv6/${i}`, ip, 6) ?? []);
    const where = readWhere(input, say);
    const spec: Mutable<EndpointSpec> = {
      kind: 'endpoint',
      id: key,
      tenant,
      network: input.network,
      mac: formatMac(mac),
    };
    const endpoint: Mutable<Endpoint> = {
      kind: 'endpoint',
      key,
      id: 0,
      spec,
      tenant,
      network,
      mac,
      ipv6,
      allowed: nothing,
      hostNumber: 0,
    };
    // Field by field instead of defined(): there are a hundred thousand of these.
    if (input.group !== undefined) {
      spec.group = input.group;
      endpoint.group = shared(`${tenant}/${input.group}`);
    }
    const ipv4 = input.ipv4 === undefined ? undefined : readHost(say, 'ipv4', input.ipv4, 4);
    if (ipv4 !== undefined) {
      spec.ipv4 = formatAddress(ipv4);
      endpoint.ipv4 = ipv4;
    }
    if (ipv6.length > 0) spec.ipv6 = readIpv6Texts(ipv6, say);
    if (input.allowedAddresses !== undefined && input.allowedAddresses.length > 0) {
      const { texts, allowed } = readAllowed(input.allowedAddresses, say);
      spec.allowedAddresses = texts;
      endpoint.allowed = allowed;
    }
    if (where !== undefined) {
      endpoint.where = where;
      if ('interface' in where) spec.interface = where.interface;
      else spec.vtepIp = where.vtepIp;
    }
    return endpoint;
  },
  references(endpoint) {
    const refs: Reference[] = [{ field: 'network', ref: { kind: 'network', key: endpoint.network } }];
    if (endpoint.group !== undefined) refs.push({ field: 'group', ref: { kind: 'group', key: endpoint.group } });
    if (endpoint.where !== undefined && 'vtepIp' in endpoint.where) {
      refs.push({ field: 'vtepIp', ref: { kind: 'peer', key: endpoint.where.vtepIp } });
    }
    return refs;
  },
  claims(endpoint) {
    const { network, tenant, where } = endpoint;
    const claims: Claim[] = [{ field: 'mac', sort: 'MAC', scope: network, value: endpoint.spec.mac }];
    for (const { field, address, text: value } of addresses(endpoint)) {
      // A link-local address is only unique on its link.
      claims.push({ field, sort: 'IP', scope: isLinkLocal(address) ? network : tenant, value });
    }
    if (where !== undefined && 'interface' in where) {
      claims.push({ field: 'interface', sort: 'interface', scope: '', value: where.interface });
    }
    return claims;
  },
  check,
};
