// Owner keys and cookies: who wants a flow.
// Neighbours: batch.ts writes cookies; src/model makes owner keys; explain reads them back.
// Invariant: cookie = kind (8 bits) | object id (32) | spare (24); owner key = kind * 2^32 + id, a safe integer.

import { FlowError } from './errors.js';

/** Most significant half of the cookie of that owner. */
export function cookieHigh(owner: number): number {
  return (((owner / 0x100000000) << 24) | ((owner >>> 0) >>> 8)) >>> 0;
}

/** Least significant half: the id's last byte, spare bits zero. */
export function cookieLow(owner: number): number {
  return (owner << 24) >>> 0;
}

/** The cookie of an owner. */
export function ownerCookie(owner: number): bigint {
  checkOwner(owner);
  return (BigInt(cookieHigh(owner)) << 32n) | BigInt(cookieLow(owner));
}

/** The owner key in a cookie; the spare bits do not matter. */
export function cookieOwner(cookie: bigint): number {
  return Number((cookie >> 24n) & 0xffffffffffn);
}

export function checkOwner(owner: number): void {
  if (!Number.isSafeInteger(owner) || owner < 0x100000000 || owner >= 2 ** 40) {
    throw new FlowError(`${owner} is not an owner key (kind 1..255 times 2^32, plus a 32-bit id)`, { field: 'owner' });
  }
}
