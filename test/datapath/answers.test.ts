/** The daemon's own ICMP errors and resets: their bytes, whom they never answer, and how often. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addWords, pseudoHeader } from '../../src/datapath/answers/checksum.js';
import { fragments, mayFragment } from '../../src/datapath/answers/fragment.js';
import { readFrame, type IpFrame } from '../../src/datapath/answers/frame.js';
import { icmpError, mayAnswer } from '../../src/datapath/answers/icmp.js';
import { Limiter } from '../../src/datapath/answers/limiter.js';
import { tcpReset } from '../../src/datapath/answers/reset.js';

const macs = '02736c756963020000000101';
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const v4 = { client: '0a010001', server: '0a020002', gateway: hex('0a0100fe') };
const v6 = {
  client: `fd00${'0'.repeat(24)}0001`,
  server: `fd00${'0'.repeat(24)}0002`,
  gateway: hex(`fd00${'0'.repeat(24)}00ff`),
};

const u16 = (n: number): string => n.toString(16).padStart(4, '0');

function ipv4(
  protocol: number,
  payload: string,
  options: { from?: string; to?: string; fragment?: number } = {},
): Uint8Array {
  const { from = v4.client, to = v4.server, fragment = 0 } = options;
  const length = u16(20 + hex(payload).length);
  return hex(
    `${macs}0800 4500${length} 0007${u16(fragment)} 01${protocol.toString(16).padStart(2, '0')}0000 ${from}${to}${payload}`,
  );
}

function ipv6(next: number, payload: string, options: { from?: string; to?: string } = {}): Uint8Array {
  const { from = v6.client, to = v6.server } = options;
  return hex(
    `${macs}86dd 60000000 ${u16(hex(payload).length)}${next.toString(16).padStart(2, '0')}01 ${from}${to}${payload}`,
  );
}

const read = (bytes: Uint8Array): IpFrame => {
  const frame = readFrame(bytes);
  if (!frame) throw new Error('not an IP frame');
  return frame;
};

const udp = '9c40003500080000';
const echo = '080000000001 0001';
const syn = '9c400050 00000064 00000000 5002 ffff 0000 0000';
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Every checksum of a frame that this daemon wrote is right. */
function expectRight(bytes: Uint8Array): IpFrame {
  const frame = read(bytes);
  expect(frame.packet.length).toBe(bytes.length - 14);
  if (frame.family === 4) expect(addWords(frame.packet.subarray(0, 20))).toBe(0xffff);
  const { source, destination, protocol, payload } = frame;
  const pseudo = protocol === 1 ? 0 : pseudoHeader(source, destination, protocol, payload.length);
  expect(addWords(payload, pseudo)).toBe(0xffff);
  return frame;
}

test('time exceeded goes from the gateway to the sender and quotes the packet', () => {
  const question = ipv4(17, udp);
  const frame = expectRight(icmpError(read(question), v4.gateway, { kind: 'timeExceeded' }));
  expect(text(frame.destinationMac)).toBe('020000000101');
  expect(text(frame.sourceMac)).toBe('02736c756963');
  expect([text(frame.source), text(frame.destination), frame.protocol]).toEqual(['0a0100fe', v4.client, 1]);
  expect([...frame.payload.subarray(0, 2)]).toEqual([11, 0]);
  expect(text(frame.payload.subarray(8))).toBe(text(question.subarray(14)));
});

test('errors have the numbers of their family', () => {
  const kinds = [{ kind: 'timeExceeded' }, { kind: 'portUnreachable' }, { kind: 'tooBig', mtu: 1450 }] as const;
  const first = (frame: IpFrame): string => text(frame.payload.subarray(0, 2)) + text(frame.payload.subarray(4, 8));
  expect(kinds.map((kind) => first(expectRight(icmpError(read(ipv4(17, udp)), v4.gateway, kind))))).toEqual([
    '0b0000000000',
    '030300000000',
    '0304000005aa',
  ]);
  expect(kinds.map((kind) => first(expectRight(icmpError(read(ipv6(17, udp)), v6.gateway, kind))))).toEqual([
    '030000000000',
    '010400000000',
    '0200000005aa',
  ]);
});

test('an error is as long as every host must take, and no longer', () => {
  const long = 'ab'.repeat(1400);
  expect(icmpError(read(ipv4(17, udp + long)), v4.gateway, { kind: 'timeExceeded' })).toHaveLength(14 + 576);
  expect(icmpError(read(ipv6(17, udp + long)), v6.gateway, { kind: 'timeExceeded' })).toHaveLength(14 + 1280);
});

test.each([
  ['an error', ipv4(1, '0b00000000000000')],
  ['a redirect', ipv4(1, '0500000000000000')],
  ['an IPv6 error', ipv6(58, '0100000000000000')],
  ['a later fragment', ipv4(17, udp, { fragment: 100 })],
  ['a later IPv6 fragment', ipv6(44, `11000008 00000001 ${udp}`)],
  ['multicast', ipv4(17, udp, { to: 'e0000001' })],
  ['IPv6 multicast', ipv6(17, udp, { to: `ff02${'0'.repeat(27)}1` })],
  ['broadcast', ipv4(17, udp, { to: 'ffffffff' })],
  ['an unspecified sender', ipv4(17, udp, { from: '00000000' })],
  ['an unspecified IPv6 sender', ipv6(17, udp, { from: '0'.repeat(32) })],
  ['a frame to everybody', hex(text(ipv4(17, udp)).replace(/^.{12}/, 'ffffffffffff'))],
])('no error is sent about %s', (_what, bytes) => {
  expect(mayAnswer(read(bytes))).toBe(false);
});

test.each([
  ['a datagram', ipv4(17, udp)],
  ['a ping', ipv4(1, echo)],
  ['a first fragment', ipv4(17, udp, { fragment: 0x2000 })],
  ['an IPv6 datagram behind options', ipv6(0, `11000000 00000000 ${udp}`)],
])('an error is sent about %s', (_what, bytes) => {
  expect(mayAnswer(read(bytes))).toBe(true);
});

test('a connection that begins is refused with a reset that acknowledges it', () => {
  const frame = expectRight(tcpReset(read(ipv4(6, syn)))!);
  expect([text(frame.source), text(frame.destination)]).toEqual([v4.server, v4.client]);
  expect(text(frame.payload.subarray(0, 14))).toBe('00509c4000000000000000655014');
  expectRight(tcpReset(read(ipv6(6, syn)))!);
});

test('what carries an acknowledgement is reset at that number; a reset and half a header are not answered', () => {
  const ack = syn.replace('5002', '5010').replace('00000064 00000000', '00000064 00000abc');
  const frame = expectRight(tcpReset(read(ipv4(6, ack)))!);
  expect(text(frame.payload.subarray(4, 14))).toBe('00000abc000000005004');
  expect(tcpReset(read(ipv4(6, syn.replace('5002', '5004'))))).toBeUndefined();
  expect(tcpReset(read(ipv4(6, syn.slice(0, 12))))).toBeUndefined();
});

test('whatever a frame holds, it is read within its bytes, and what is answered has right checksums', () => {
  const starts = ['0800 45', '86dd 60', '0800 4f', '86dd 6f', '0806', '8100 0064 0800 45'];
  const frames = fc
    .tuple(fc.constantFrom(...starts), fc.uint8Array({ minLength: 0, maxLength: 120 }))
    .map(([start, rest]) => Uint8Array.from([...hex(macs), ...hex(start), ...rest]));
  fc.assert(
    fc.property(frames, (bytes) => {
      const frame = readFrame(bytes);
      if (!frame) return;
      expect(frame.payload.length).toBeLessThanOrEqual(frame.packet.length);
      if (!mayAnswer(frame)) return;
      const gateway = frame.family === 4 ? v4.gateway : v6.gateway;
      for (const kind of ['timeExceeded', 'portUnreachable'] as const) expectRight(icmpError(frame, gateway, { kind }));
      const reset = tcpReset(frame);
      if (reset) expectRight(reset);
    }),
    { numRuns: 2000 },
  );
});

test('one asker is bounded and no other pays for it', () => {
  const limiter = new Limiter(10, 5);
  const taken = (key: number, at: number): boolean => limiter.take(key, at);
  expect(Array.from({ length: 7 }, () => taken(1, 0)).filter(Boolean)).toHaveLength(5);
  expect(taken(2, 0)).toBe(true);
  expect(taken(1, 50_000)).toBe(false);
  expect(taken(1, 150_000)).toBe(true);
  for (let key = 10; key < 10_000; key++) taken(key, 200_000);
  expect(taken(1, 200_000)).toBe(true);
});

test('only what says nothing against it is cut', () => {
  expect(mayFragment(read(ipv4(17, udp)))).toBe(true);
  expect(mayFragment(read(ipv4(17, udp, { fragment: 0x4000 })))).toBe(false);
  expect(mayFragment(read(ipv4(17, udp, { fragment: 0x2000 })))).toBe(false);
  expect(mayFragment(read(ipv6(17, udp)))).toBe(false);
});

test('fragments put together are the packet, each within the MTU, at its place', () => {
  const last = fc.constantFrom(0, 0x0007);
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 1480 }),
      fc.integer({ min: 68, max: 1500 }),
      last,
      (data, mtu, at) => {
        const frame = read(ipv4(17, Buffer.from(data).toString('hex'), { fragment: at }));
        const cut = fragments(frame, mtu);
        const together: number[] = [];
        for (const [i, bytes] of cut.entries()) {
          const { packet, payload, source, destination } = read(bytes);
          expect(addWords(packet.subarray(0, 20))).toBe(0xffff);
          expect([text(source), text(destination)]).toEqual([v4.client, v4.server]);
          expect(packet.length).toBeLessThanOrEqual(mtu);
          const where = (packet[6]! << 8) | packet[7]!;
          expect((where & 0x1fff) * 8).toBe((at & 0x1fff) * 8 + together.length);
          expect((where & 0x2000) !== 0).toBe(i < cut.length - 1);
          together.push(...payload);
        }
        expect(together).toEqual([...data]);
      },
    ),
  );
});

test('a packet that was not handed over as a whole is not cut', () => {
  const whole = ipv4(17, udp.padEnd(200, '0'));
  expect(fragments(read(whole), 68)).toHaveLength(3);
  expect(fragments({ ...read(whole), payloadLength: 1000 }, 68)).toEqual([]);
});
