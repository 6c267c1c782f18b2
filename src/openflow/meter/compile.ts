// A meter in text to an OFPT_METER_MOD.
// Neighbours: batch.ts and parse.ts are the callers; format.ts is the way back.
// Invariant: flags and bands are byte for byte those of an OpenFlow 1.5 meter description.

import { type ActionContext, integerArgument } from '../actions/action.js';
import { FlowError } from '../errors.js';
import { anyPacket } from '../match/facts.js';
import { Assembler, type Compiled } from '../template/assembler.js';
import type { Expanded } from '../template/shape.js';
import type { Numbers } from '../text/port.js';
import { parseCall, splitList } from '../text/split.js';

export const meterModType = 29;

/** Bits of the flags (OpenFlow 1.5 §7.3.4.5), in the order in which ovs-ofctl prints them. */
export const meterFlags = { kbps: 1, pktps: 2, burst: 4, stats: 8 } as const;

/** Offsets in an OFPT_METER_MOD. */
export const meterMod = { flags: 10, meterId: 12, bands: 16 } as const;

/** The only band that Open vSwitch has. */
export const dropBand = { type: 1, bytes: 16 } as const;

const lastMeter = 0xffff0000;

export function compileMeter(expanded: Expanded, numbers?: Numbers): Compiled {
  const [header = '', ...bands] = expanded.text.split(/(?:^|[\s,]+)bands?=/);
  const context: ActionContext = { expanded, numbers, facts: anyPacket, exec: false };
  const out = new Assembler();
  out.sized(2, () => {
    out.u8(6).u8(meterModType).zero(6).u16(0);
    let flags = 0;
    let id: ReturnType<typeof integerArgument> | undefined;
    for (const text of splitList(header)) {
      const { name, value } = parseCall(text);
      if (name === 'meter') id = integerArgument(context, value, name);
      else if (Object.hasOwn(meterFlags, name)) flags |= meterFlags[name as keyof typeof meterFlags];
      else throw new FlowError(`there is no meter property "${name}"`, { field: name });
    }
    if (id === undefined) throw new FlowError('a meter needs meter=…', { field: 'meter' });
    if ((flags & (meterFlags.kbps | meterFlags.pktps)) === 0)
      throw new FlowError('a meter counts kbps or pktps', { field: 'meter' });
    // The switch makes up a burst for who states none, and shows it as if it had been stated.
    if ((flags & meterFlags.burst) === 0) throw new FlowError('a meter states its burst', { field: 'burst' });
    out.u16(flags).integer(id, 4, 'meter', { min: 1, max: lastMeter });
    for (const text of bands) writeBand(out, text, context);
  });
  return out.finish();
}

function writeBand(out: Assembler, text: string, context: ActionContext): void {
  let rate: ReturnType<typeof integerArgument> | undefined;
  let burst: ReturnType<typeof integerArgument> | undefined;
  for (const piece of splitList(text)) {
    const { name, value } = parseCall(piece);
    if (name === 'type' && value === 'drop') continue;
    if (name === 'rate') rate = integerArgument(context, value, name);
    else if (name === 'burst_size') burst = integerArgument(context, value, name);
    else throw new FlowError(`there is no band property "${piece}"`, { field: name });
  }
  if (rate === undefined || burst === undefined)
    throw new FlowError('a band needs rate=… and burst_size=…', { field: 'band' });
  out.u16(dropBand.type).u16(dropBand.bytes);
  out.integer(rate, 4, 'rate', { min: 1 }).integer(burst, 4, 'burst_size').zero(4);
}
