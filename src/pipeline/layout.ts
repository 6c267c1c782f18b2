/**
 * The pipeline as data: tables (in tables.ts and contracts.ts), registers, priorities.
 * Neighbours: every other file of this room takes its numbers from here; docs/pipeline.md is written from it.
 * Invariant: no table number, bit range or priority is written anywhere else.
 */
import { routerMac } from '../model/index.js';
import { register, type RegRange } from '../openflow/index.js';

export { contractOf, contracts, type TableContract } from './contracts.js';
export { t, type TableName } from './tables.js';

/** Per-packet scratch. The numbers in them are object ids, so every host writes the same ones. */
export const reg = {
  /** The packet's network: the object id of the network. */
  network: register(0, 0, 31, 'network'),
  /** The tenant's ct zone, which is also its routing space. */
  zone: register(1, 0, 15, 'zone'),
  /** Where the packet came from: `origin`. */
  origin: register(1, 16, 19, 'origin'),
  /** How it leaves: `delivery`. */
  delivery: register(1, 20, 23, 'delivery'),
  sourceGroup: register(2, 0, 31, 'sourceGroup'),
  sourceSet: register(3, 0, 31, 'sourceSet'),
  destinationGroup: register(4, 0, 31, 'destinationGroup'),
  destinationSet: register(5, 0, 31, 'destinationSet'),
  /** The ofport (delivery local) or the peer's object id (delivery tunnel). */
  target: register(6, 0, 31, 'target'),
  /** Holds one side while a reply's two sides are exchanged. */
  scratch: register(7, 0, 31, 'scratch'),
  /** The network of the endpoint that sends, or receives; not always the one the frame is in, since routers stand between. */
  sourceNetwork: register(8, 0, 31, 'sourceNetwork'),
  destinationNetwork: register(9, 0, 31, 'destinationNetwork'),
  /** The group of a local sender whose group has a VLAN or VNI of its own, else 0. Stays the sender's when a reply's two sides are exchanged. */
  taggedGroup: register(10, 0, 31, 'taggedGroup'),
  /** The NAT zone of a reply to a translated connection: the tenant's zone, and `natBit` set. */
  natZone: register(12, 0, 15, 'natZone'),
  natBit: register(12, 15, 15, 'natBit'),
  /** 1 on the way to a VIP's provider. */
  translated: register(12, 16, 16, 'translated'),
  /** 1 while a side of the connection that an ICMP error speaks of is looked up. */
  related: register(12, 17, 17, 'related'),
  /** The service whose VIP the packet was sent to. */
  service: register(13, 0, 31, 'service'),
  /** What a packet handed to the daemon is too big for: the MTU in bytes of the way ahead (`punt.tooBig`). */
  mtu: register(15, 0, 15, 'mtu'),
  /** 1 when it is larger than that. */
  tooBig: register(15, 16, 16, 'tooBig'),
} as const satisfies Record<string, RegRange>;

/** Values of `reg.origin`. */
export const origin = { endpoint: 1, tunnel: 2, uplink: 3, host: 4 } as const;

/** Values of `reg.delivery`. */
export const delivery = {
  local: 1,
  tunnel: 2,
  uplink: 3,
  flood: 4,
  /** To the port it came from. */ back: 5,
  host: 6,
} as const;

/** Why a packet is handed to the daemon: the first byte of `controller(userdata=…)`. punt.ts writes the actions; src/datapath answers or logs. */
export const punt = { timeExceeded: 1, tooBig: 2, noProvider: 3, denied: 4 } as const;

/** Bits of ct_mark: policy has let the connection pass while `onPolicyChange` was keep; its replies are to come from a VIP. */
export const connection = { allowed: 1, translated: 2 } as const;

/** Connections to VIPs are translated in a zone beside that of policy. Tenants' zones end at 32,767. */
export function natZone(zone: number): number {
  return zone | 0x8000;
}

/** Priorities. A miss flow is 0; rules of a policy have a band of their own. */
export const prio = {
  miss: 0,
  /** What a whole network does with what nothing else claimed. */
  network: 10,
  /** Refusals that must win over a network's catch-all. */
  networkGuard: 20,
  usual: 100,
  /** Refusals inside an endpoint's own traffic. */
  guard: 200,
  /** What is allowed in spite of a guard. */
  exempt: 300,
  /** What was allowed once and is not judged again (onPolicyChange keep). */
  kept: 350,
  /** Connections that were cut; and what comes back from a look-up. */
  cut: 400,
} as const;

/** The MAC of every gateway and of every other address that the switch answers for itself. One on all hosts, so that an endpoint may move. */
export { routerMac };

/** The priority of a group by address: the more specific prefix decides. `length` in bits. */
export function addressPriority(length: number): number {
  return prio.usual + length;
}

/** The same of what the tenant's own networks are connected to: it wins over an external route of the same length. */
export function connectedPriority(length: number): number {
  return addressPriority(length) + 1;
}

/** Sub-levels of one rule priority: deny before allow, and conjunctive flows apart from plain ones, which they would replace. */
const ruleLevels = 8;
const ruleBase = 1000;
const subLevel = { deny: 6, allow: 2 } as const;
const conjunctive = 1;

/** The OpenFlow priority of a policy rule. `priority` 1–100, or 0 for a group's default. */
export function rulePriority(priority: number, action: 'allow' | 'deny'): number {
  return ruleBase + priority * ruleLevels + subLevel[action];
}

/** The meter that bounds how often a packet is handed over for one reason: far above those of endpoints and groups. */
export function puntMeter(purpose: number): number {
  return 0xfffe0000 + purpose;
}

/** The same for a rule whose ports and addresses are matched apart. */
export function conjunctionPriority(priority: number, action: 'allow' | 'deny'): number {
  return rulePriority(priority, action) + conjunctive;
}

/** Meters of a limit, one each direction. */
export interface Meters {
  readonly from: number;
  readonly to: number;
}

/**
 * The switch's meter ids. An endpoint's follow from its ofport, which nobody else has at the time and which is below
 * 2^16; a group's from a number of its own above that, and the system's (`puntMeter`) are above all. So none is ever given to two, and a restart finds them as they were.
 */
export function endpointMeters(ofport: number): Meters {
  return { from: 2 * ofport, to: 2 * ofport + 1 };
}

/** `number`: the group's `meters`. */
export function groupMeters(number: number): Meters {
  return { from: 2 * number, to: 2 * number + 1 };
}
