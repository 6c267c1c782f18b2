import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as addr from '../../src/model/addr.js';

const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const address = fc.oneof(u32, bytes(16));

describe('what is printed reads back the same', () => {
  test('IPv4', () => fc.assert(fc.property(u32, (a) => addr.parseIpv4(addr.formatIpv4(a)) === a)));
  test('IPv6', () => {
    // Zero groups are what RFC 5952 is about, so half of the bytes are zero.
    const sparse = fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(sparse, (a) => {
        expect(addr.parseIpv6(addr.formatIpv6(Uint8Array.from(a)))).toEqual(Uint8Array.from(a));
      }),
    );
  });
  test('MAC', () => {
    fc.assert(
      fc.property(bytes(6), (a) => {
        expect(addr.parseMac(addr.formatMac(a))).toEqual(a);
      }),
    );
  });
  test('prefixes, and clearing host bits twice clears nothing more', () => {
    fc.assert(
      fc.property(address, fc.nat(128), (a, n) => {
        const length = typeof a === 'number' ? n % 33 : n;
        const cidr = addr.parseCidr(`${addr.formatAddress(a)}/${length}`);
        expect(cidr && addr.parseCidr(addr.formatCidr(cidr))).toEqual(cidr);
        expect(cidr && addr.cidrContains(cidr, a)).toBe(true);
        expect(cidr && addr.cidrContains(cidr, addr.lastAddress(cidr))).toBe(true);
      }),
    );
  });
});

test('merged prefixes hold the same addresses', () => {
  const cidr = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }));
  fc.assert(
    fc.property(fc.array(cidr, { maxLength: 8 }), (list) => {
      const cidrs = list.flatMap(([low, length]) => addr.parseCidr(`10.0.0.${low}/${length}`) ?? []);
      const merged = addr.normaliseCidrs(cidrs);
      for (let low = 0; low < 256; low++) {
        const a = (10 << 24) + low;
        expect(merged.filter((c) => addr.cidrContains(c, a)).length).toBe(
          cidrs.some((c) => addr.cidrContains(c, a)) ? 1 : 0,
        );
      }
    }),
  );
});

test.each([
  ['::', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:DB8::0001', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['fe80::', 'fe80::'],
  ['::ffff:10.1.2.3', '::ffff:10.1.2.3'],
  ['64:ff9b::10.1.2.3', '64:ff9b::a01:203'],
])('IPv6 %s is written %s (RFC 5952)', (text, normal) => {
  expect(addr.formatIpv6(addr.parseIpv6(text) ?? new Uint8Array(16))).toBe(normal);
});

test.each([
  ['10.1.1.5/24', '10.1.1.0/24'],
  ['10.1.1.5', '10.1.1.5/32'],
  ['10.1.1.5/0', '0.0.0.0/0'],
  ['255.255.255.255/1', '128.0.0.0/1'],
  ['fd00:1::5/64', 'fd00:1::/64'],
  ['fd00:1::5', 'fd00:1::5/128'],
  ['fd00:1:0:7fff::/51', 'fd00:1:0:6000::/51'],
])('host bits of %s are cleared: %s', (text, normal) => {
  const cidr = addr.parseCidr(text);
  expect(cidr && addr.formatCidr(cidr)).toBe(normal);
});

test.each([
  '010.0.0.1',
  '10.1.1',
  '10.1.1.256',
  '10.1.1.1.1',
  ' 10.1.1.1',
  '1e1.1.1.1',
  '',
  '0x0a.1.1.1',
  '10.1.1.1/24',
])('`%s` is no IPv4 address', (text) => expect(addr.parseIpv4(text)).toBeUndefined());
test.each(['fe80::1%eth0', '1::2::3', ':1', '12345::', 'g::', '1:2:3:4:5:6:7', '::1/64', ''])(
  '`%s` is no IPv6 address',
  (text) => expect(addr.parseIpv6(text)).toBeUndefined(),
);
test.each([
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0.0/08',
  '10.0.0.0/8/8',
  'fd00::/129',
  '/8',
  '10.0.0.0/8 ',
])('`%s` is no prefix', (text) => expect(addr.parseCidr(text)).toBeUndefined());
test.each(['02:00:00:00:00', '02-00-00-00-00-01', '2:0:0:0:0:1', '02:00:00:00:00:0g', '020000000001'])(
  '`%s` is no MAC',
  (text) => expect(addr.parseMac(text)).toBeUndefined(),
);

test('a MAC is read in either case', () => {
  expect(addr.parseMac('aA:Bb:0C:d9:EF:f0')).toEqual(Uint8Array.of(0xaa, 0xbb, 0x0c, 0xd9, 0xef, 0xf0));
});

test.each([
  ['0.0.0.0', 'unspecified'],
  ['224.0.0.1', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['127.0.0.1', 'loopback'],
  ['240.0.0.1', 'reserved'],
  ['0.1.2.3', 'reserved'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['ff02::1', 'multicast'],
  ['::ffff:10.1.1.1', 'IPv4-mapped'],
  ['10.1.1.1', undefined],
  ['169.254.1.1', undefined],
  ['fe80::1', undefined],
])('as a host address %s is %s', (text, why) => {
  expect(addr.unusableAddress(addr.parseAddress(text) ?? 0)).toBe(why);
});
