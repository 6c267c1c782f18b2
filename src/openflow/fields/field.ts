// A match field: its names, width, wire codes, prerequisite and notation (ovs-fields(7)).
// Neighbours: the tables in this folder declare fields, registry.ts finds them, match/ and actions/ encode them.
// Invariant: a field's `oxm` is the header vswitchd itself writes in OpenFlow 1.5, so that encoded flows equal dumped ones.

/** How ovs-ofctl writes a value of the field. */
export type Notation =
  | 'decimal'
  | 'hex'
  | 'ethernet'
  | 'ipv4'
  | 'ipv6'
  | 'ofport'
  | 'frag'
  | 'ct-state'
  | 'tcp-flags'
  | 'tun-flags'
  | 'packet-type';

/** What a flow must match before the field means anything (OFPBMC_BAD_PREREQ otherwise). */
export type Prerequisite =
  | 'none'
  | 'vlan'
  | 'mpls'
  | 'ipv4'
  | 'ipv6'
  | 'ip'
  | 'arp'
  | 'tcp'
  | 'udp'
  | 'sctp'
  | 'icmp4'
  | 'icmp6'
  | 'nd'
  | 'nd-solicit'
  | 'nd-advert'
  | 'ct'
  | 'ct-ipv4'
  | 'ct-ipv6'
  | 'ct-port';

export interface Field {
  /** Name that ovs-ofctl prints after `->`. */
  readonly name: string;
  /** Name that ovs-ofctl prints in a match, where it differs. */
  readonly matchName: string;
  /** Every other name accepted, the codes' names (`NXM_OF_ETH_SRC`) among them. */
  readonly aliases: readonly string[];
  /** 32-bit header (class, field, length; no mask bit) in an OpenFlow 1.5 match, set_field and copy_field. */
  readonly oxm: number;
  /** Header inside Nicira extension actions (output:reg, ct zone, learn, push, check_pkt_larger). */
  readonly nxm: number;
  /** Name with which ovs-ofctl prints bit ranges: `NXM_OF_ETH_SRC[]`. */
  readonly rangeName: string;
  readonly bytes: number;
  /** Bits of the value proper: what `field[]` means in move and load. */
  readonly bits: number;
  /** Bits that may be set on the wire; vlan_vid has one more than its value, which says that there is a tag. */
  readonly wireBits: number;
  readonly maskable: boolean;
  /** May be the target of set_field, load and move. */
  readonly writable: boolean;
  readonly notation: Notation;
  readonly prerequisite: Prerequisite;
  /** Fields whose exact match still travels with this mask, because the switch knows fewer bits than the code is wide. */
  readonly exactMask: number | undefined;
}

/** `NXM_OF_ETH_SRC: 2`: a code's name tells its class. */
export type Codes = Readonly<Record<string, number>>;

export interface FieldOptions {
  readonly aka?: readonly string[];
  readonly matchName?: string;
  readonly bytes?: number;
  readonly wireBits?: number;
  readonly maskable?: boolean;
  readonly writable?: boolean;
  readonly needs?: Prerequisite;
  readonly exactMask?: number;
}

const classes: readonly (readonly [prefix: string, oxmClass: number])[] = [
  ['OXM_OF_PKT_REG', 0x8001],
  ['OXM_OF_', 0x8000],
  ['NXM_OF_', 0x0000],
  ['NXM_NX_', 0x0001],
  ['ERICOXM_OF_', 0x1000],
];

/** Declares a field; of its codes the OXM one travels in matches and the NXM one in Nicira actions. */
export function field(name: string, bits: number, notation: Notation, codes: Codes, options: FieldOptions = {}): Field {
  const bytes = options.bytes ?? Math.ceil(bits / 8);
  const names = Object.keys(codes);
  const oxmName = names.find((n) => n.startsWith('OXM')) ?? names[0]!;
  const nxmName = names.find((n) => !n.startsWith('OXM')) ?? names[0]!;
  return Object.freeze({
    name,
    matchName: options.matchName ?? name,
    aliases: Object.freeze([...(options.aka ?? []), ...names]),
    oxm: header(oxmName, codes[oxmName]!, bytes),
    nxm: header(nxmName, codes[nxmName]!, bytes),
    rangeName: nxmName,
    bytes,
    bits,
    wireBits: options.wireBits ?? bits,
    maskable: options.maskable ?? true,
    writable: options.writable ?? true,
    notation,
    prerequisite: options.needs ?? 'none',
    exactMask: options.exactMask,
  });
}

function header(codeName: string, code: number, bytes: number): number {
  const oxmClass = classes.find(([prefix]) => codeName.startsWith(prefix))?.[1] ?? 0;
  return ((oxmClass << 16) | (code << 9) | bytes) >>> 0;
}
