/**
 * Frames for ofproto/trace, and what it prints read back into a path and copies.
 * Neighbours: real.ts asks, trace.test.ts compares. ofproto/trace runs no conntrack, so state and original tuple are stated.
 */
import { formatAddress, formatIpv4, formatIpv6, formatMac } from '../../src/model/index.js';
import { parseTrace } from '../../src/datapath/trace.js';
import { cookieOwner, fieldByName } from '../../src/openflow/index.js';
import { ctState, type Tracked } from './conntrack.js';
import { copyOf, type Copy } from './forwarding.js';
import { portedName, proto, type Frame, type Ip } from './packet.js';
import { tunnelPort } from './ports.js';

const stateNames = ['new', 'est', 'rel', 'rpl', 'inv', 'trk'] as const;

function ctWords(state: number): string[] {
  return stateNames.filter((name) => (state & ctState[name]) !== 0);
}

function ipWords(body: Ip): string[] {
  const v4 = typeof body.source === 'number';
  const words = [
    `dl_type=${v4 ? '0x0800' : '0x86dd'}`,
    `nw_proto=${body.protocol}`,
    `nw_ttl=${body.ttl ?? 64}`,
    `${v4 ? 'nw_src' : 'ipv6_src'}=${formatAddress(body.source)}`,
    `${v4 ? 'nw_dst' : 'ipv6_dst'}=${formatAddress(body.destination)}`,
  ];
  const l4 = portedName(body.protocol);
  if (l4) words.push(`${l4}_src=${body.tpSrc ?? 0}`, `${l4}_dst=${body.tpDst ?? 0}`);
  if (body.icmpType !== undefined) {
    const icmp = v4 ? 'icmp' : 'icmpv6';
    words.push(`${icmp}_type=${body.icmpType}`, `${icmp}_code=0`);
  }
  if (body.nd) words.push(`nd_target=${formatIpv6(body.nd.target)}`, `nd_sll=${formatMac(body.nd.option)}`);
  return words;
}

function trackedWords({ state, tuple }: Tracked): string[] {
  const v4 = typeof tuple.source === 'number';
  const [source, destination] = v4 ? ['ct_nw_src', 'ct_nw_dst'] : ['ct_ipv6_src', 'ct_ipv6_dst'];
  const ported =
    tuple.protocol === proto.icmp || tuple.protocol === proto.icmp6 || portedName(tuple.protocol) !== undefined;
  return [
    `ct_state=${ctWords(state).join('|')}`,
    `${source}=${formatAddress(tuple.source)}`,
    `${destination}=${formatAddress(tuple.destination)}`,
    `ct_nw_proto=${tuple.protocol}`,
    ...(ported ? [`ct_tp_src=${tuple.tpSrc}`, `ct_tp_dst=${tuple.tpDst}`] : []),
  ];
}

/** The flow argument of ofproto/trace. */
export function traceFlow(frame: Frame, tracked: Tracked | undefined): string {
  const words = [`in_port=${frame.inPort}`, `dl_src=${formatMac(frame.ethSrc)}`, `dl_dst=${formatMac(frame.ethDst)}`];
  if (frame.vlan !== undefined) words.push(`dl_vlan=${frame.vlan}`, 'dl_vlan_pcp=0');
  if (frame.tunnel) words.push(`tun_id=${frame.tunnel.vni}`, `tun_src=${formatIpv4(frame.tunnel.source)}`);
  const { body } = frame;
  if (body.kind === 'ip') words.push(...ipWords(body), ...(tracked ? trackedWords(tracked) : []));
  else {
    words.push('dl_type=0x0806', `arp_op=${body.op}`, `arp_spa=${formatIpv4(body.spa)}`);
    words.push(`arp_tpa=${formatIpv4(body.tpa)}`, `arp_sha=${formatMac(body.sha)}`);
  }
  return words.join(',');
}

export function ctNext(tracked: Tracked | undefined): string {
  return tracked ? ctWords(tracked.state).join(',') : 'trk,new';
}

export interface TracedStep {
  readonly table: number;
  readonly priority: number | undefined;
  /** Owner key, from the cookie. */
  readonly owner: number | undefined;
}

/** What a trace came to, in the words of compare.ts. */
export interface Traced {
  /** Every flow that was met; no priority where none matched. */
  readonly path: readonly TracedStep[];
  readonly copies: readonly Copy[];
}

export function readTrace(text: string, frame: Frame): Traced {
  const { hits } = parseTrace(text, 'br-int');
  let vlan = frame.vlan;
  const outer = new Map<string, bigint>();
  const copies = new Set<Copy>();
  const send = (port: number): void => {
    // The trace has a line for the copy that is then held back (in_port).
    if (port === frame.inPort) return;
    const tunnel = {
      id: Number(outer.get('tun_id') ?? 0n),
      source: outer.get('tun_src') ?? 0n,
      destination: outer.get('tun_dst') ?? 0n,
    };
    const tag = vlan === undefined ? {} : { vlan };
    copies.add(copyOf({ port, ...tag, ...(port === tunnelPort ? { tunnel } : {}), fields: new Map() }));
  };
  for (const action of hits.flatMap((hit) => hit.actions)) {
    const port = /^(?:output:|-> output port is )(\d+)$/.exec(action)?.[1];
    if (port !== undefined) send(Number(port));
    if (action === 'IN_PORT') {
      copies.add(copyOf({ port: frame.inPort, ...(vlan === undefined ? {} : { vlan }), fields: new Map() }));
    }
    if (/^controller/i.test(action)) copies.add('daemon');
    if (action === 'pop_vlan') vlan = undefined;
    const set = /^set_field:([^/>]+)->(\w+)$/.exec(action);
    const name = set && fieldByName(set[2] ?? '')?.name;
    if (set && name?.startsWith('tun_')) outer.set(name, valueOf(set[1] ?? ''));
    if (set && name === 'vlan_vid') vlan = Number(set[1]) & 0xfff;
  }
  const path = hits.map(({ table, match, cookie }) => {
    const priority = /priority (\d+)/.exec(match)?.[1];
    return {
      table,
      priority: priority === undefined ? undefined : Number(priority),
      owner: cookie === undefined ? undefined : cookieOwner(cookie),
    };
  });
  return { path, copies: [...copies].toSorted() };
}

function valueOf(text: string): bigint {
  return text.includes('.') ? text.split('.').reduce((all, part) => (all << 8n) | BigInt(part), 0n) : BigInt(text);
}
