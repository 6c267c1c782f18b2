/**
 * Which fields of each kind make its table, in a short form and, with `-o wide`, a long one.
 * Neighbours: get.ts.
 */
import type { ObjectAnswer } from '../api/client.js';

export interface Column {
  readonly title: string;
  readonly wide?: boolean;
  readonly cell: (object: ObjectAnswer) => string;
}

/** A field as text: lists by commas, nothing as a dash. */
function text(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(text).join(',');
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null) return '-';
  return Object.entries(value)
    .map(([name, each]) => `${name}=${text(each)}`)
    .join(',');
}

const field = (title: string, name: string, wide = false): Column => ({
  title,
  wide,
  cell: (object) => text(object[name]),
});

function ruleAbout(object: ObjectAnswer): string {
  const protocol = text(object['protocol'] ?? 'any');
  return object['ports'] === undefined ? protocol : `${protocol}/${text(object['ports'])}`;
}

function place(object: ObjectAnswer): string {
  if (object['interface'] !== undefined) return `interface ${text(object['interface'])}`;
  return object['vtepIp'] === undefined ? 'elsewhere' : `peer ${text(object['vtepIp'])}`;
}

/** `80->8080/tcp`, each. */
function servicePorts(object: ObjectAnswer): string {
  const ports = Array.isArray(object['ports']) ? (object['ports'] as Record<string, unknown>[]) : [];
  return ports
    .map(({ port, targetPort, protocol }) =>
      port === targetPort ? `${text(port)}/${text(protocol)}` : `${text(port)}->${text(targetPort)}/${text(protocol)}`,
    )
    .join(',');
}

/** How many, or which; there may be thousands. */
function providers(object: ObjectAnswer, named: boolean): string {
  const list = Array.isArray(object['providers']) ? object['providers'] : [];
  return named ? text(list) : String(list.length);
}

const byKind: Readonly<Record<string, readonly Column[]>> = {
  settings: [field('VTEP', 'vtepIp'), field('UPLINKS', 'vlanInterfaces'), field('BRIDGE', 'bridge')],
  tenant: [],
  network: [
    field('ENCAP', 'encap'),
    { title: 'TAG', cell: (object) => text(object['vlan'] ?? object['vni']) },
    field('SUBNET', 'subnet'),
    field('GATEWAY', 'gateway'),
    field('IPV6-SUBNET', 'ipv6Subnet', true),
  ],
  netProfile: [
    field('BANDWIDTH', 'bandwidth'),
    field('BURST-KB', 'burst', true),
    field('DSCP', 'dscp'),
    field('SCOPE', 'scope'),
  ],
  group: [
    field('NETWORK', 'network'),
    { title: 'TAG', wide: true, cell: (object) => text(object['vlan'] ?? object['vni']) },
    field('POLICIES', 'policies'),
    field('PROFILE', 'netProfile', true),
    field('DEFAULT', 'defaultAction'),
  ],
  policy: [field('AUDIT', 'audit', true)],
  rule: [
    field('DIRECTION', 'direction'),
    field('PRIORITY', 'priority'),
    field('ACTION', 'action'),
    { title: 'PROTOCOL', cell: ruleAbout },
    { title: 'PEER', cell: (object) => (object['peer'] === undefined ? 'any' : text(object['peer'])) },
  ],
  endpoint: [
    field('TENANT', 'tenant'),
    field('NETWORK', 'network'),
    field('GROUP', 'group'),
    field('IPV4', 'ipv4'),
    field('MAC', 'mac', true),
    field('IPV6', 'ipv6', true),
    { title: 'WHERE', cell: place },
    { title: 'MTU', wide: true, cell: ({ status }) => text(status.mtu) },
  ],
  peer: [],
  service: [
    field('NETWORK', 'network', true),
    field('IPS', 'ips'),
    { title: 'PORTS', cell: servicePorts },
    { title: 'PROVIDERS', cell: (object) => providers(object, false) },
    { title: 'NAMES', wide: true, cell: (object) => providers(object, true) },
    field('AFFINITY', 'affinity', true),
  ],
  route: [
    field('NETWORK', 'network'),
    field('NEXT-HOP', 'nextHop'),
    field('MAC', 'mac'),
    { title: 'WHERE', cell: (object) => (object['vtepIp'] === undefined ? 'uplink' : place(object)) },
  ],
};

function state({ status }: ObjectAnswer): string {
  if (status.state === 'waiting') return `waiting: ${status.waitingFor ?? 'something'}`;
  if (status.state === 'quarantined') return `quarantined: ${status.problems[0]?.code ?? 'refused by the switch'}`;
  const codes = status.problems.map(({ code }) => code).join(', ');
  return codes === '' ? status.state : `${status.state} (${codes})`;
}

const statusColumns: readonly Column[] = [
  { title: 'FLOWS', cell: ({ status }) => String(status.flows) },
  { title: 'PACKETS', wide: true, cell: ({ status }) => text(status.packets) },
  { title: 'BYTES', wide: true, cell: ({ status }) => text(status.bytes) },
  { title: 'GENERATION', wide: true, cell: ({ status }) => String(status.generation) },
  { title: 'STATUS', cell: state },
];

export function columnsOf(kind: string, wide: boolean): readonly Column[] {
  return [...(byKind[kind] ?? []), ...statusColumns].filter((column) => wide || column.wide !== true);
}
