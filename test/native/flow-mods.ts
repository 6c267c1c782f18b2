/**
 * Handmade OpenFlow 1.5 messages and batches, so that the engine is tested without the codec of src/openflow.
 * Layouts: OpenFlow 1.5.1 §7.3.4.2 (flow mod), §7.2.3 (match), §7.2.6 (actions).
 */

const none = 0xffff_ffff;

const u16 = (n: number): number[] => [(n >>> 8) & 255, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];
const u64 = (n: number): number[] => [...u32(Math.floor(n / 2 ** 32)), ...u32(n >>> 0)];
const padTo8 = (bytes: number[]): number[] => [...bytes, ...Array.from({ length: -bytes.length & 7 }, () => 0)];

/** kind 7 is an endpoint; the id is any 32-bit number. */
export const endpoint = (id: number): number => 7 * 2 ** 32 + id;

/** The owner key in the upper 40 bits. */
export const cookieOf = (owner: number): number[] => [...u64(owner).slice(3), 0, 0, 0];

/** "What follows, up to the next marker, is the whole set of this owner." */
export const marker = (owner: number): number[] => [0, 1, ...u16(16), ...u32(0), ...u64(owner)];

export const output = (ofport: number): number[] => [
  ...u16(0),
  ...u16(16),
  ...u32(ofport),
  ...u16(0),
  0,
  0,
  0,
  0,
  0,
  0,
];
export const toGroup = (id: number): number[] => [...u16(22), ...u16(8), ...u32(id)];

export const apply = (...actions: number[][]): number[] => {
  const body = actions.flat();
  return [...u16(4), ...u16(8 + body.length), 0, 0, 0, 0, ...body];
};
export const gotoTable = (table: number): number[] => [...u16(1), ...u16(8), table, 0, 0, 0];

export interface FlowFields {
  readonly owner: number;
  readonly table?: number;
  readonly priority?: number;
  /** Value of the one field these tests match on. */
  readonly metadata: number;
  readonly instructions: number[];
}

/** OFPT_FLOW_MOD, command ADD, in canonical bytes. */
export function flowMod(flow: FlowFields): number[] {
  // OFPXMC_OPENFLOW_BASIC, OFPXMT_OFB_METADATA, exact, 8 bytes.
  const oxm = [0x80, 0x00, 0x04, 0x08, ...u64(flow.metadata)];
  const match = padTo8([...u16(1), ...u16(4 + oxm.length), ...oxm]);
  const body = [
    ...cookieOf(flow.owner),
    ...u64(0),
    flow.table ?? 0,
    0,
    ...u16(0),
    ...u16(0),
    ...u16(flow.priority ?? 100),
    ...u32(none),
    ...u32(none),
    ...u32(none),
    ...u16(0),
    ...u16(0),
    ...match,
    ...flow.instructions,
  ];
  return [6, 14, ...u16(8 + body.length), ...u32(0), ...body];
}

export const batch = (...parts: number[][]): Uint8Array => Uint8Array.from(parts.flat());

/** The lengths of messages that stand back to back. */
export function messageLengths(bytes: Uint8Array): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; at += lengths.at(-1) ?? bytes.length) {
    lengths.push(((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
  }
  return lengths;
}
