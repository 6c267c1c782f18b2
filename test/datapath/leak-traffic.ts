/**
 * Traffic between the endpoints of a host while its objects change: TCP, UDP and pings of both families, to each other and to VIPs,
 * and their answers.
 * Neighbours: leaks.ts changes the objects; test/packets/leaks.ts sends real packets instead.
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

export interface Conversation {
  /** The interface of `from`. */
  readonly port: string;
  readonly from: Endpoint;
  readonly source: Address;
  readonly to: { readonly mac: string; readonly address: Address };
}

/** The n-th local endpoint, and all whom it may write to. */
export function conversations(state: State, n: number): Conversation[] {
  const local = [...state.endpoints].flatMap((from) =>
    from.where !== undefined && 'interface' in from.where ? [{ from, port: from.where.interface }] : [],
  );
  const speaker = local[n % Math.max(1, local.length)];
  if (speaker === undefined) return [];
  return correspondents(state, speaker.from).flatMap((to) => {
    const source = addressesOf(speaker.from).find((address) => typeof address === typeof to.address);
    return source === undefined ? [] : [{ ...speaker, source, to }];
  });
}

export interface Traffic {
  /** Frames sent. */
  readonly frames: number;
  /** Asked when all changes are made, and everything is about to be deleted. */
  beforeDeletion?(): Promise<void>;
  stop(): Promise<void>;
}

/** On the dummy datapath. */
export function startTraffic({ sandbox, controller }: Pick<Host, 'sandbox' | 'controller'>): Traffic {
  const control = unixctl(sandbox.rundir);
  const traffic = { frames: 0, stopped: false };
  const round = async (n: number): Promise<void> => {
    const spoken = conversations(controller.state, n).slice(0, framesAtOnce);
    if (spoken.length === 0) return new Promise((resolve) => setTimeout(resolve, 5));
    const frames = spoken.map(({ from, source, to }, i) => frame(from, source, to, n + 7 * i));
    try {
      await control.call('netdev-dummy/receive', spoken[0]!.port, ...frames);
      traffic.frames += frames.length;
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
