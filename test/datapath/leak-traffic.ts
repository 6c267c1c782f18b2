/**
 * Traffic between the endpoints of a host on the dummy datapath while its objects change: TCP, UDP and pings of both families, to
 * each other and to VIPs, and their answers.
 * Neighbours: leaks.ts changes the objects.
 */
import { formatAddress, formatMac, routerMac, type Address, type Endpoint, type State } from '../../src/model/index.js';
import { unixctl } from '../../src/native/index.js';
import type { Host } from './bench-host.js';

/** A dummy port has room for 100 frames. */
const framesAtOnce = 40;

const addressesOf = ({ ipv4, ipv6 }: Endpoint): Address[] => [...(ipv4 === undefined ? [] : [ipv4]), ...ipv6];

/** Whom an endpoint may write to, and by which MAC. */
function correspondents(state: State, from: Endpoint): { mac: string; address: Address }[] {
  const others = [...state.endpoints].filter((e) => e.tenant === from.tenant && e !== from);
  const vips = [...state.services].filter((s) => s.tenant === from.tenant).flatMap(({ ips }) => ips);
  return [
    ...others.flatMap((e) => addressesOf(e).map((address) => ({ mac: formatMac(e.mac), address }))),
    ...vips.map((address) => ({ mac: formatMac(routerMac), address })),
  ];
}

/** One of a few flows between two addresses, so that some frames answer others. */
function payload(four: boolean, n: number): string {
  const client = 40_000 + (n % 5);
  const [source, destination] = n % 2 === 0 ? [client, 80] : [80, client];
  switch (n % 3) {
    case 0:
      return `proto=6|tcp(src=${source},dst=${destination}),tcp_flags(${n % 4 < 2 ? 'syn' : 'ack'})`;
    case 1:
      return `proto=17|udp(src=${source},dst=${n % 2 === 0 ? 53 : destination})`;
    default:
      return four
        ? `proto=1|icmp(type=${n % 2 === 0 ? 8 : 0},code=0)`
        : `proto=58|icmpv6(type=${128 + (n % 2)},code=0)`;
  }
}

function frame(from: Endpoint, source: Address, to: { mac: string; address: Address }, n: number): string {
  const four = typeof source === 'number';
  const [proto, rest] = payload(four, n).split('|');
  const ends = `src=${formatAddress(source)},dst=${formatAddress(to.address)}`;
  const ip = four
    ? `eth_type(0x0800),ipv4(${ends},${proto},tos=0,ttl=64,frag=no)`
    : `eth_type(0x86dd),ipv6(${ends},label=0,${proto},tclass=0,hlimit=64,frag=no)`;
  return `in_port(1),eth(src=${formatMac(from.mac)},dst=${to.mac}),${ip},${rest}`;
}

export interface Traffic {
  /** Frames that ports took. */
  readonly frames: number;
  stop(): Promise<void>;
}

export function startTraffic({ sandbox, controller }: Host): Traffic {
  const control = unixctl(sandbox.rundir);
  const traffic = { frames: 0, stopped: false };
  const round = async (n: number): Promise<void> => {
    const local = [...controller.state.endpoints].filter(({ where }) => where !== undefined && 'interface' in where);
    const from = local[n % Math.max(1, local.length)];
    const frames: string[] = [];
    if (from !== undefined) {
      const others = correspondents(controller.state, from);
      for (const [i, to] of others.entries()) {
        const source = addressesOf(from).find((address) => typeof address === typeof to.address);
        if (source !== undefined) frames.push(frame(from, source, to, n + 7 * i));
      }
    }
    const name = from?.where !== undefined && 'interface' in from.where ? from.where.interface : undefined;
    if (name === undefined || frames.length === 0) return new Promise((resolve) => setTimeout(resolve, 5));
    try {
      await control.call('netdev-dummy/receive', name, ...frames.slice(0, framesAtOnce));
      traffic.frames += Math.min(frames.length, framesAtOnce);
    } catch {
      // The port was just taken away.
    }
  };
  const running = (async () => {
    for (let n = 0; !traffic.stopped; n++) await round(n);
  })();
  return {
    get frames() {
      return traffic.frames;
    },
    async stop() {
      traffic.stopped = true;
      await running;
    },
  };
}
