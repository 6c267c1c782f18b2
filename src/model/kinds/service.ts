/**
 * Service: addresses of nobody (VIPs) whose ports lead to providers, each connection to one of them.
 * Neighbours: network.ts above; endpoint.ts provides it; src/pipeline translates what is sent to a VIP.
 * Invariant: within a tenant an address is one endpoint's or one service's, and a VIP's port leads to one target port.
 */
import { Type, type Static } from 'typebox';
import {
  compareAddress,
  formatAddress,
  formatCidr,
  isLinkLocal,
  lastAddress,
  parseAddress,
  type Address,
} from '../addr.js';
import { lastPort } from '../ports.js';
import type { Say } from '../problems.js';
import type { State } from '../types.js';
import { defined, dropEmpty, type Fields, type KindRules, type Mutable, type Reference, type Trace } from './kind.js';
import { id, name, readHost, tenantName } from './fields.js';
import { familyOf, isGateway } from './network.js';

/** Of providers, a select group of more would not fit in a message: 24 bytes each in its shortest form. */
const most = { ips: 64, ports: 1024, providers: 2500 } as const;
/** OpenFlow groups that one service may use: src/pipeline numbers them in 16 bits. */
const mostGroups = 50_000;

const portNumber = (description: string) =>
  Type.Integer({ description, minimum: 1, maximum: lastPort, examples: [80] });

export const serviceSchema = Type.Object(
  {
    kind: Type.Literal('service'),
    tenant: tenantName,
    name: name('Its name within the tenant.', 'web-lb'),
    network: name(
      'The network of the tenant that its addresses belong to; any endpoint of the tenant reaches them.',
      'front',
    ),
    ips: Type.Array(Type.String({ examples: ['10.1.1.100', 'fd00:1::100'] }), {
      description: 'Its virtual addresses, IPv4 and IPv6; unique within the tenant, nobody else’s.',
    }),
    ports: Type.Array(
      Type.Object(
        {
          port: portNumber('The port that clients use.'),
          targetPort: Type.Optional(portNumber('The port that providers listen on; the same when left out.')),
          protocol: Type.Optional(
            Type.Enum(['tcp', 'udp', 'sctp'], {
              description: 'tcp or udp; sctp is refused, for connection tracking does not see its ports.',
              default: 'tcp',
            }),
          ),
        },
        { additionalProperties: false },
      ),
      { description: 'What it serves; a port and protocol once.' },
    ),
    providers: Type.Optional(
      Type.Array(id('', 'web-1'), {
        description:
          'Endpoints of the tenant, by id, or by address as Contiv names them; an address that no endpoint has yet is waited for. A set.',
      }),
    ),
    affinity: Type.Optional(
      Type.Enum(['none', 'clientIp'], {
        description: 'clientIp: all connections of a client address go to one provider, as long as that exists.',
        default: 'none',
      }),
    ),
  },
  {
    $id: 'Service',
    description: 'Virtual addresses whose ports lead to providers.',
    examples: [
      {
        kind: 'service',
        tenant: 'blue',
        name: 'web-lb',
        network: 'front',
        ips: ['10.1.1.100'],
        ports: [{ port: 80, targetPort: 8080 }],
        providers: ['web-1', 'web-2'],
      },
    ],
    additionalProperties: false,
  },
);

export type ServiceSpec = Static<typeof serviceSchema>;

export interface ServicePort {
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: 'tcp' | 'udp';
}

export interface Service {
  readonly kind: 'service';
  readonly key: string;
  readonly id: number;
  readonly spec: ServiceSpec;
  /** Keys of the tenant and network. */
  readonly tenant: string;
  readonly network: string;
  /** Sorted, IPv4 first. */
  readonly ips: readonly Address[];
  /** Sorted. */
  readonly ports: readonly ServicePort[];
  /** Keys of endpoints; sorted. */
  readonly providers: readonly string[];
  /** Providers named by their address, in normal form; sorted. */
  readonly providerAddresses: readonly string[];
  readonly affinity: 'none' | 'clientIp';
  /** 1–65,534: the upper half of the numbers of its OpenFlow groups; no other service has it. */
  readonly number: number;
}

export const firstServiceNumber = 1;
export const lastServiceNumber = 65_534;

function rewrite(fields: Fields, written: Trace): void {
  dropEmpty(fields, 'affinity', 'ips');
  if (typeof fields['ips'] === 'string') fields['ips'] = [fields['ips']];
  // Contiv leaves label selectors to netmaster, which resolves them to providers; an empty list says nothing.
  const { selectors } = fields;
  if (selectors === '' || (typeof selectors === 'object' && selectors !== null && Object.keys(selectors).length === 0))
    delete fields['selectors'];
  if (typeof fields['affinity'] === 'string') {
    const word = fields['affinity'].toLowerCase();
    if (word === 'clientip') fields['affinity'] = 'clientIp';
    if (word === 'none') fields['affinity'] = 'none';
  }
  if (!Array.isArray(fields['ports'])) return;
  fields['ports'] = fields['ports'].map((port: unknown, i) => rewritePort(port, i, written));
}

/** Contiv's `80:8080:TCP`, and a bare port. */
function rewritePort(port: unknown, i: number, written: Trace): unknown {
  if (typeof port === 'number') return { port };
  const parts = typeof port === 'string' ? /^([0-9]{1,5})(?::([0-9]{1,5}))?(?::([A-Za-z]+))?$/.exec(port) : null;
  if (parts === null) {
    if (typeof port !== 'object' || port === null || !('protocol' in port) || typeof port.protocol !== 'string')
      return port;
    return { ...port, protocol: port.protocol.toLowerCase() };
  }
  for (const field of ['port', 'targetPort', 'protocol']) written.set(`ports/${i}/${field}`, `ports/${i}`);
  const [, number, target, protocol] = parts;
  return defined<Fields>({
    port: Number(number),
    targetPort: target === undefined ? undefined : Number(target),
    protocol: protocol?.toLowerCase(),
  });
}

function readIps(input: readonly string[], say: Say): Address[] {
  if (input.length === 0) say('ips', 'missing_field', 'a service needs an address of its own');
  const ips: Address[] = [];
  for (const [i, text] of input.entries()) {
    const ip = readHost(say, `ips/${i}`, text);
    if (ip === undefined) continue;
    if (isLinkLocal(ip))
      say(`ips/${i}`, 'bad_address', `\`${text}\` is link-local; a service is reached from other links`);
    else if (ips.some((other) => compareAddress(other, ip) === 0))
      say(`ips/${i}`, 'duplicate', `\`${formatAddress(ip)}\` is listed twice`);
    else ips.push(ip);
  }
  return ips.toSorted(compareAddress);
}

function readPorts(input: ServiceSpec['ports'], say: Say): ServicePort[] {
  if (input.length === 0) say('ports', 'missing_field', 'a service needs a port');
  const ports: ServicePort[] = [];
  for (const [i, { port, targetPort = port, protocol = 'tcp' }] of input.entries()) {
    if (protocol === 'sctp') {
      const why = 'connection tracking does not see the ports of SCTP, so it cannot be translated';
      say(`ports/${i}/protocol`, 'not_supported', `there are no services of sctp: ${why}`, 'use tcp or udp');
    } else if (ports.some((other) => other.port === port && other.protocol === protocol)) {
      say(`ports/${i}`, 'duplicate', `${protocol} port ${port} is listed twice`);
    } else ports.push({ port, targetPort, protocol });
  }
  return ports.toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

/** Endpoints by id, and those named by an address. */
function readProviders(input: readonly string[], say: Say): { ids: string[]; addresses: string[] } {
  const ids = new Set<string>();
  const addresses = new Set<string>();
  for (const [i, provider] of input.entries()) {
    if (parseAddress(provider) === undefined) ids.add(provider);
    else {
      const address = readHost(say, `providers/${i}`, provider);
      if (address !== undefined) addresses.add(formatAddress(address));
    }
  }
  return { ids: [...ids].toSorted(), addresses: [...addresses].toSorted() };
}

function checkLimits(input: ServiceSpec, say: Say): void {
  for (const field of ['ips', 'ports', 'providers'] as const) {
    const count = input[field]?.length ?? 0;
    if (count <= most[field]) continue;
    const message = `${count} ${field} are more than one service can have: ${most[field]}`;
    say(field, 'limit', message, 'split it into several services');
  }
}

/** Nobody may have a VIP as its own: no gateway, and no address that a subnet keeps for itself. */
function check(service: Service, state: State, say: Say): void {
  for (const [i, ip] of service.ips.entries()) {
    const shown = formatAddress(ip);
    for (const network of state.tenantNetworks(service.tenant)) {
      if (isGateway(network, ip))
        say(`ips/${i}`, 'duplicate', `\`${shown}\` is the gateway of network \`${network.key}\``);
      const { subnet } = familyOf(network, ip);
      if (subnet === undefined || subnet.family === 6 || subnet.length >= 31) continue;
      if (compareAddress(ip, subnet.address) === 0)
        say(`ips/${i}`, 'bad_address', `\`${shown}\` is the network address of ${formatCidr(subnet)}`);
      if (compareAddress(ip, lastAddress(subnet)) === 0)
        say(`ips/${i}`, 'bad_address', `\`${shown}\` is the broadcast address of ${formatCidr(subnet)}`);
    }
  }
  for (const key of service.providers) {
    const endpoint = state.endpoints.get(key);
    if (endpoint !== undefined && endpoint.tenant !== service.tenant)
      say(
        'providers',
        'contradiction',
        `endpoint \`${key}\` is of tenant \`${endpoint.tenant}\`, not \`${service.tenant}\``,
      );
  }
  const providers = service.providers.length + service.providerAddresses.length;
  const families = new Set(service.ips.map((ip) => typeof ip)).size;
  if (service.ports.length * families * (providers + 1) > mostGroups) {
    const message = `${service.ports.length} ports for ${providers} providers are more than one service can have`;
    say('ports', 'limit', message, 'split it into services of fewer ports');
  }
}

export const serviceRules: KindRules<'service'> = {
  kind: 'service',
  schema: serviceSchema,
  identity: ['tenant', 'name'],
  aliases: {
    tenantName: 'tenant',
    tenantname: 'tenant',
    serviceName: 'name',
    servicename: 'name',
    networkName: 'network',
    subnet: 'network',
    ipAddress: 'ips',
    ipaddress: 'ips',
  },
  rewrite,
  read(input: ServiceSpec, say) {
    const { tenant, affinity = 'none' } = input;
    checkLimits(input, say);
    const ips = readIps(input.ips, say);
    const ports = readPorts(input.ports, say);
    const { ids, addresses } = readProviders(input.providers ?? [], say);
    const providers = [...ids, ...addresses];
    const spec = defined<ServiceSpec>({
      kind: 'service',
      tenant,
      name: input.name,
      network: input.network,
      ips: ips.map(formatAddress),
      ports: ports.map((port) => ({ ...port })),
      providers: providers.length > 0 ? providers : undefined,
      affinity,
    });
    return {
      kind: 'service',
      key: `${tenant}/${input.name}`,
      id: 0,
      spec,
      tenant,
      network: `${tenant}/${input.network}`,
      ips,
      ports,
      providers: ids,
      providerAddresses: addresses,
      affinity,
      number: 0,
    } satisfies Mutable<Service>;
  },
  references(service) {
    const refs: Reference[] = [{ field: 'network', ref: { kind: 'network', key: service.network } }];
    for (const key of service.providers) refs.push({ field: 'providers', ref: { kind: 'endpoint', key } });
    return refs;
  },
  mentions: ({ tenant, providerAddresses }) => providerAddresses.map((address) => addressKey(tenant, address)),
  without(service, goes) {
    if (goes({ kind: 'network', key: service.network })) return undefined;
    const { providers = [], ...rest } = service.spec;
    return { ...rest, providers: providers.filter((key) => !goes({ kind: 'endpoint', key })) };
  },
  claims: ({ tenant, ips }) =>
    ips.map((ip, i) => ({ field: `ips/${i}`, sort: 'IP', scope: tenant, value: formatAddress(ip) })),
  check,
};

/** An address of a tenant, as the index of mentioned addresses has it. */
export function addressKey(tenant: string, address: string): string {
  return `${tenant} ${address}`;
}
