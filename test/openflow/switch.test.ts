// Bytes and text against the real switch: it takes what we write, dumps the same bytes, and prints the line that we print.
// Neighbours: cases.ts holds the flows, support/switch.ts the switch.
// Invariant: three equalities a case: dumped bytes = ours, ovs-ofctl's line = ours, its line parsed = the bytes again.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { formatFlow, formatGroup, formatMeter, parseFlow, parseGroup, parseMeter } from '../../src/openflow/index.js';
import { actionCases, groupCases, headerCases, matchCases, meterCases } from './cases.js';
import { flowText } from './support/arbitrary.js';
import { hex, names, noSwitch, numbers, type Outcome, TestSwitch } from './support/switch.js';

if (noSwitch !== undefined) console.warn(`test/openflow/switch.test.ts is skipped: ${noSwitch}`);

/** Random flows on top of the table, the same ones in every run. */
const randomFlows = fc.sample(flowText, { numRuns: 400, seed: 20240229 });

const numbered = [...matchCases.map((text) => `${text},actions=drop`), ...actionCases, ...randomFlows].map(
  (text, i) => `cookie=0x${(i + 0x1000).toString(16)},priority=${i + 1},${text}`,
);
const flows = [...headerCases, ...numbered];

describe.skipIf(noSwitch !== undefined)('against vswitchd', () => {
  let device: TestSwitch;
  let flowOutcomes: Outcome[] = [];
  let groupOutcomes: Outcome[] = [];
  let meterOutcomes: Outcome[] = [];

  beforeAll(async () => {
    device = await TestSwitch.start();
    flowOutcomes = await device.addFlows(flows.map((text) => parseFlow(text, numbers)));
    groupOutcomes = await device.addGroups(groupCases.map((text) => parseGroup(text, numbers)));
    meterOutcomes = await device.addMeters(meterCases.map((text) => parseMeter(text)));
  });
  afterAll(async () => {
    await device?.stop();
  });

  test.each(flows.map((text, i) => [text, i] as const))('flow %s', (text, i) => {
    const ours = parseFlow(text, numbers);
    const { refused, bytes, line } = flowOutcomes[i]!;
    expect(refused).toEqual([]);
    expect(hex(bytes)).toBe(hex(ours));
    expect(formatFlow(ours, names)).toBe(line);
    expect(hex(parseFlow(line!, numbers))).toBe(hex(ours));
  });

  test.each(groupCases.map((text, i) => [text, i] as const))('group %s', (text, i) => {
    const ours = parseGroup(text, numbers);
    const { refused, bytes, line } = groupOutcomes[i]!;
    expect(refused).toEqual([]);
    expect(hex(bytes)).toBe(hex(ours));
    expect(formatGroup(ours, names)).toBe(line);
    expect(hex(parseGroup(line!, numbers))).toBe(hex(ours));
  });

  test.each(meterCases.map((text, i) => [text, i] as const))('meter %s', (text, i) => {
    const ours = parseMeter(text);
    const { refused, bytes, line } = meterOutcomes[i]!;
    expect(refused).toEqual([]);
    expect(hex(bytes)).toBe(hex(ours));
    expect(formatMeter(ours)).toBe(line);
    expect(hex(parseMeter(line!))).toBe(hex(ours));
  });
});
