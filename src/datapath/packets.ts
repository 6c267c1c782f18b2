/**
 * The packet of a trace query, worded for ofproto/trace.
 * Neighbours: trace.ts reads the answer.
 * The original tuple of the connection is stated with the packet: ofproto/trace does not run conntrack, and the rules match it.
 */
import { SluiceError } from '../model/errors.js';
import {
  formatAddress,
  formatIpv4,
  formatIpv6,
  formatMac,
  interfaceOf,
  parseAddress,
  type Connection,
  type Endpoint,
  type State,
} from '../model/index.js';
import type { TraceQuery } from './face.js';
import type { PortMap } from './ports.js';

export interface TracePacket {
  /** The flow argument of ofproto/trace. */
  readonly flow: string;
  /** `--ct-next` for each pass through conntrack. */
  readonly ctNext: string;
  /** The connection that it is of, in the direction of its first packet; of a raw flow nobody knows. */
  readonly connection?: Connection;
}

function endpoint(state: State, key: string, role: string): Endpoint {
  const found = state.endpoints.get(key);
  if (found) return found;
  throw new SluiceError('not_found', `there is no endpoint ${key} to trace ${role}`);
}

/** An endpoint by key, or by address within the sender's tenant. */
function receiver(state: State, query: TraceQuery, sender: Endpoint): Endpoint {
  const key = query.to ?? '';
  const byKey = state.endpoints.get(key);
  if (byKey) return byKey;
  for (const e of state.endpoints.values()) {
    if (e.tenant !== sender.tenant) continue;
    if (e.ipv4 !== undefined && formatIpv4(e.ipv4) === key) return e;
    if (e.ipv6.some((ipv6) => formatIpv6(ipv6) === key)) return e;
  }
  const service = serviceOf(state, key, sender.tenant);
  if (service !== undefined) throw new SluiceError('not_found', service);
  throw new SluiceError(
    'not_found',
    `there is no endpoint ${key}, nor one with that address in tenant ${sender.tenant}`,
  );
}

/** ofproto/trace knows no connections, so it cannot tell who would get one: it is asked about each provider. */
function serviceOf(state: State, key: string, tenant: string): string | undefined {
  for (const service of state.services) {
    if (service.tenant !== tenant || (service.key !== key && !service.spec.ips.includes(key))) continue;
    const [port] = service.ports;
    const [first] = state.providers(service);
    const hint = `--to ${first?.key ?? 'PROVIDER'} --protocol ${port?.protocol} --port ${port?.targetPort}`;
    return `${key} is service ${service.key}, and policy judges its providers: trace ${hint}`;
  }
  return undefined;
}

/** The client's port of a traced connection. */
const clientPort = 40000;

function layer4(query: TraceQuery, v6: boolean): { kind: string; fields: string; ct: string } {
  const protocol = query.protocol ?? 'icmp';
  if (protocol === 'tcp' || protocol === 'udp') {
    const port = query.port ?? 80;
    const [source, target] = query.reply ? [port, clientPort] : [clientPort, port];
    return {
      kind: v6 ? `${protocol}6` : protocol,
      // parse_flow takes tp_src for TCP only.
      fields: `${protocol}_src=${source},${protocol}_dst=${target}`,
      ct: `ct_nw_proto=${protocol === 'tcp' ? 6 : 17},ct_tp_src=${clientPort},ct_tp_dst=${port}`,
    };
  }
  return v6
    ? { kind: 'icmp6', fields: 'icmpv6_type=128,icmpv6_code=0', ct: 'ct_nw_proto=58' }
    : { kind: 'icmp', fields: 'icmp_type=8,icmp_code=0', ct: 'ct_nw_proto=1' };
}

/** How a frame of an endpoint enters this host: at its own port, out of the tunnel, or tagged from the uplink. */
function entrance(state: State, ports: PortMap, e: Endpoint): string {
  const lacking = (what: string): SluiceError =>
    new SluiceError('not_found', `a packet cannot be traced from endpoint ${e.key}: ${what}`);
  const name = interfaceOf(e);
  if (name !== undefined) {
    const ofport = ports.of(name);
    if (ofport === undefined) throw lacking(`its interface ${name} is not there`);
    return `in_port=${ofport}`;
  }
  const network = state.networks.get(e.network);
  const group = e.group === undefined ? undefined : state.groups.get(e.group);
  const tag = group?.tag ?? network?.tag;
  if (network?.encap === 'vlan') {
    if (ports.uplink === undefined) throw lacking('this host has no uplink (settings.vlanInterfaces)');
    return `in_port=${ports.uplink},dl_vlan=${tag}`;
  }
  const peer = e.where && 'vtepIp' in e.where && state.peers.get(e.where.vtepIp);
  const { vtepIp } = state.settings;
  if (!peer || !network || vtepIp === undefined || ports.tunnel === undefined) throw lacking('it is behind no peer');
  const outer =
    typeof peer.address === 'number'
      ? `tun_src=${formatAddress(peer.address)},tun_dst=${formatAddress(vtepIp)}`
      : `tun_ipv6_src=${formatAddress(peer.address)},tun_ipv6_dst=${formatAddress(vtepIp)}`;
  return `in_port=${ports.tunnel},tun_id=${tag},${outer}`;
}

/** Word the packet; throws when an end is not known. */
export function tracePacket(state: State, ports: PortMap, query: TraceQuery): TracePacket {
  if (query.flow !== undefined) return { flow: query.flow, ctNext: 'trk,new' };
  if (query.from === undefined || query.to === undefined) {
    throw new SluiceError('malformed', 'a trace needs `from` and `to` (endpoints), or `flow`');
  }
  const from = endpoint(state, query.from, 'from');
  const to = receiver(state, query, from);
  const enters = entrance(state, ports, from);
  const macs = `dl_src=${formatMac(from.mac)},dl_dst=${formatMac(to.mac)}`;
  const v6 = from.ipv4 === undefined || to.ipv4 === undefined || query.to.includes(':');
  const { kind, fields, ct } = layer4(query, v6);
  const own = v6 ? from.ipv6[0] : from.ipv4;
  const address = v6 ? to.ipv6[0] : to.ipv4;
  const source = query.source === undefined ? own : parseAddress(query.source);
  if (source === undefined || address === undefined) {
    throw new SluiceError('malformed', `${from.key} and ${to.key} share no address family`);
  }
  const [nw, ctNw] = v6 ? ['ipv6', 'ct_ipv6'] : ['nw', 'ct_nw'];
  const [shown, target] = [query.source ?? formatAddress(source), formatAddress(address)];
  const reply = query.reply === true;
  const ends = { source: { endpoint: from, address: source }, destination: { endpoint: to, address } };
  return {
    ...worded(
      `${enters},${kind},${macs},${nw}_src=${shown},${nw}_dst=${target},nw_ttl=64,${fields}`,
      shown,
      target,
      `${ctNw}_src=%s,${ctNw}_dst=%d,${ct}`,
      reply,
    ),
    connection: {
      ...(reply ? { source: ends.destination, destination: ends.source } : ends),
      ...connected(query, v6),
    },
  };
}

/** Of a traced connection, what rules match besides its ends. */
function connected(
  { protocol = 'icmp', port = 80 }: TraceQuery,
  v6: boolean,
): Omit<Connection, 'source' | 'destination'> {
  if (protocol === 'tcp' || protocol === 'udp') return { protocol: protocol === 'tcp' ? 6 : 17, port };
  return v6 ? { protocol: 58, icmp: { type: 128, code: 0 } } : { protocol: 1, icmp: { type: 8, code: 0 } };
}

/** Add the original tuple; a reply's is the other way round. */
function worded(packet: string, source: string, target: string, tuple: string, reply: boolean): TracePacket {
  const [first, second] = reply ? [target, source] : [source, target];
  const state = reply ? 'trk|est|rpl' : 'trk|new';
  const original = tuple.replace('%s', first).replace('%d', second);
  return { flow: `${packet},ct_state=${state},${original}`, ctNext: state.replaceAll('|', ',') };
}
