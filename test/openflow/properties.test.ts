// Properties of text and bytes, without a switch.
// Neighbours: support/arbitrary.ts makes the flows; switch.test.ts sends some of them to vswitchd.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatFlow, parseFlow } from '../../src/openflow/index.js';
import { flowText } from './support/arbitrary.js';
import { hex } from './support/switch.js';

const header = fc.record({
  cookie: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  table: fc.integer({ min: 0, max: 8 }),
  priority: fc.integer({ min: 0, max: 65_535 }),
  idle: fc.integer({ min: 0, max: 65_535 }),
  flags: fc.subarray(['send_flow_rem', 'reset_counts', 'no_byte_counts']),
});
const wholeFlow = fc
  .tuple(header, flowText)
  .map(([h, text]) =>
    [`cookie=${h.cookie},table=${h.table},priority=${h.priority},idle_timeout=${h.idle}`, ...h.flags, text].join(','),
  );

test('parse(format(x)) is x, for every flow', () => {
  fc.assert(
    fc.property(wholeFlow, (text) => {
      const bytes = parseFlow(text);
      const line = formatFlow(bytes);
      expect(hex(parseFlow(line))).toBe(hex(bytes));
      expect(formatFlow(parseFlow(line))).toBe(line);
    }),
    { numRuns: 2_000 },
  );
}, 120_000);

test('a flow mod is a multiple of 8 bytes long, and says how long', () => {
  fc.assert(
    fc.property(wholeFlow, (text) => {
      const bytes = parseFlow(text);
      expect(bytes.length % 8).toBe(0);
      expect(bytes[2]! * 256 + bytes[3]!).toBe(bytes.length);
    }),
  );
});

test('the order in which a match is written does not matter', () => {
  const shuffled = flowText.chain((text) => {
    const [match = '', actions = ''] = text.split(/,?(?=actions=)/);
    const pieces = match === '' ? [] : match.split(',');
    return fc
      .shuffledSubarray(pieces, { minLength: pieces.length })
      .map((order) => [text, [...order, actions].join(',')] as const);
  });
  fc.assert(
    fc.property(shuffled, ([text, other]) => {
      expect(hex(parseFlow(other))).toBe(hex(parseFlow(text)));
    }),
  );
});
