// Bytes as hex with dots: note and userdata.
// Neighbours: actions/control.ts, actions/controller.ts.
// Invariant: two digits a byte, as ovs-ofctl prints them.

import { FlowError } from '../errors.js';

export function parseHexBytes(text: string, action: string): Uint8Array {
  const digits = text.replaceAll('.', '');
  if (!/^([0-9a-f]{2})*$/i.test(digits))
    throw new FlowError(`${action}: "${text}" is not hex bytes`, { field: action });
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

export function formatHexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('.');
}
