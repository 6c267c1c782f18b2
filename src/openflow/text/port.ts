// OpenFlow port numbers in text: reserved names, and the switch's own names where the caller knows them.
// Neighbours: text/value.ts, actions/output.ts.
// Invariant: 32-bit numbers as on the wire of OpenFlow 1.1+; 16-bit numbers only inside Nicira actions.

import { FlowError } from '../errors.js';

/** Where names of ports and tables come from; without it numbers are printed. */
export interface Names {
  port?(ofport: number): string | undefined;
  table?(id: number): string | undefined;
}

/** The reverse, for text that names ports. */
export interface Numbers {
  port?(name: string): number | undefined;
  table?(name: string): number | undefined;
}

export const portLocal = 0xfffffffe;
export const portInPort = 0xfffffff8;
export const portController = 0xfffffffd;

const reserved: readonly (readonly [string, number])[] = [
  ['UNSET', 0xfffffff7],
  ['IN_PORT', portInPort],
  ['TABLE', 0xfffffff9],
  ['NORMAL', 0xfffffffa],
  ['FLOOD', 0xfffffffb],
  ['ALL', 0xfffffffc],
  ['CONTROLLER', portController],
  ['LOCAL', portLocal],
  ['ANY', 0xffffffff],
];
const byName = new Map(reserved);
const byNumber = new Map(reserved.map(([name, number]) => [number, name]));

/** Highest number of an ordinary port in Open vSwitch (OFPP_MAX of OpenFlow 1.0). */
const lastOrdinary = 0xfeff;

/** Whether a packet can be sent to, or come from, a port of that number. */
export function isPort(number: number): boolean {
  return (number >= 0 && number <= lastOrdinary) || (number >= portInPort && number <= portLocal);
}

export function reservedPort(name: string): number | undefined {
  return byName.get(name.toUpperCase());
}

export function parsePort(text: string, numbers?: Numbers): number {
  const quoted = /^"(.*)"$/.exec(text);
  if (quoted === null) {
    const special = reservedPort(text);
    if (special !== undefined && isPort(special)) return special;
    if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) {
      const number = Number(text);
      const wide = number >= 0xff00 && number <= 0xffff ? number + 0xffff0000 : number;
      if (!isPort(wide)) throw new FlowError(`port ${text} is neither 0..${lastOrdinary} nor a reserved port`);
      return wide;
    }
  }
  const name = quoted === null ? text : (JSON.parse(text) as string);
  const number = numbers?.port?.(name);
  if (number === undefined) throw new FlowError(`no port "${name}"`);
  return number;
}

/** The table that a name stands for; numbers and unknown names are left to the caller. */
export function namedTable(text: string, numbers: Numbers | undefined): number | undefined {
  const quoted = /^"(.*)"$/.exec(text);
  return numbers?.table?.(quoted === null ? text : (JSON.parse(text) as string));
}

export function formatPort(port: number, names?: Names): string {
  const special = byNumber.get(port);
  if (special !== undefined) return special;
  const name = names?.port?.(port);
  return name === undefined ? String(port) : quoteName(name);
}

export function formatTable(id: number, names?: Names): string {
  const name = names?.table?.(id);
  return name === undefined ? String(id) : quoteName(name);
}

/** Names are quoted as JSON unless they are a letter followed by letters and digits. */
export function quoteName(name: string): string {
  return /^[A-Za-z][A-Za-z0-9]*$/.test(name) ? name : JSON.stringify(name);
}

/** A port as Nicira's 16-bit fields hold it. */
export function narrowPort(port: number): number {
  return port & 0xffff;
}

export function widenPort(port: number): number {
  return port >= 0xff00 ? port + 0xffff0000 : port;
}
