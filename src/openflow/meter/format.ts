// A meter mod as `ovs-ofctl -O OpenFlow15 dump-meters` prints it, on one line.
// Neighbours: compile.ts is the way in.
// Invariant: letter for letter what ovs-ofctl prints, with its line breaks as spaces.

import { FlowError } from '../errors.js';
import { Reader } from '../text/reader.js';
import { dropBand, meterFlags, meterMod, meterModType } from './compile.js';

export function formatMeter(message: Uint8Array): string {
  if (message[1] !== meterModType || message.length < meterMod.bands)
    throw new FlowError('these bytes are not an OpenFlow 1.5 meter mod');
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(meterMod.flags);
  const names = Object.entries(meterFlags).filter(([, bit]) => (flags & bit) !== 0);
  const words = [`meter=${view.getUint32(meterMod.meterId)}`, ...names.map(([name]) => name), 'bands='];
  const bands = new Reader(message.subarray(meterMod.bands));
  while (bands.left >= dropBand.bytes) {
    const type = bands.u16() === dropBand.type ? 'drop' : 'unknown';
    bands.skip(2);
    words.push(`type=${type}`, `rate=${bands.u32()}`);
    const burst = bands.u32();
    if ((flags & meterFlags.burst) !== 0) words.push(`burst_size=${burst}`);
    bands.skip(4);
  }
  return words.join(' ');
}
