/** What a bridge says of addresses that moved to it: right to the last byte, since nobody answers. */
import { expect, test } from 'vitest';
import { announcement } from '../../src/datapath/host-ip/announce.js';

const mac = '02:00:00:00:0a:01';

test('IPv4: a request for one’s own address, to everybody', () => {
  expect(announcement(mac, '10.0.0.5')).toBe(
    ['ffffffffffff 020000000a01 0806', '0001 0800 06 04 0001', '020000000a01 0a000005', '000000000000 0a000005']
      .join('')
      .replaceAll(' ', ''),
  );
});

test('IPv6: an unsolicited advertisement to all nodes, with hop limit 255, override, and a checksum that adds up', () => {
  const frame = announcement(mac, 'fd00::5');
  const ip = 'fd000000000000000000000000000005';
  const all = 'ff020000000000000000000000000001';
  expect(frame.slice(0, 28)).toBe('333300000001020000000a0186dd');
  expect(frame.slice(28, 44)).toBe('6000000000203aff');
  expect(frame.slice(44, 108)).toBe(`${ip}${all}`);
  const body = frame.slice(108);
  expect(body.slice(0, 4)).toBe('8800');
  expect(body.slice(8)).toBe(`20000000${ip}0201020000000a01`);
  // RFC 4443 §2.3: with its own checksum in place everything sums up to all ones.
  const words = `${ip}${all}000000200000003a${body}`.match(/.{4}/g) ?? [];
  let sum = words.reduce((total, word) => total + Number.parseInt(word, 16), 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff);
});
