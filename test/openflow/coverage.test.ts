// No field and no action of the registry may be missing from the table of cases.
// Neighbours: cases.ts; src/openflow's registry of fields and families of actions.

import { describe, expect, test } from 'vitest';
import { actionNames } from '../../src/openflow/actions/compile.js';
import { fieldByHeader, fields, flowMatch, matchFields, parseFlow } from '../../src/openflow/index.js';
import { actionCases, matchCases } from './cases.js';
import { numbers } from './support/switch.js';

const matched = new Set<string>();
const masked = new Set<string>();
for (const text of matchCases) {
  const oxms = Buffer.from(flowMatch(parseFlow(`${text},actions=drop`, numbers)));
  for (let at = 0; at < oxms.length; at += 4 + oxms[at + 3]!) {
    const header = oxms.readUInt32BE(at);
    const { name } = fieldByHeader(header)!;
    matched.add(name);
    if ((header & 0x100) !== 0) masked.add(name);
  }
}

describe('match cases', () => {
  test.each(matchFields.map((field) => field.name))('match %s', (name) => {
    expect(matched).toContain(name);
  });

  test.each(matchFields.filter((field) => field.maskable).map((field) => field.name))(
    'match %s with a mask',
    (name) => {
      expect(masked).toContain(name);
    },
  );
});

describe('action cases', () => {
  const text = actionCases.join('\n');

  test.each(actionNames())('%s', (name) => {
    // enqueue is known only to say what to write instead.
    if (name !== 'enqueue') expect(text).toMatch(new RegExp(`\\b${name}\\b`, 'i'));
  });

  // What is set by other names (reg<n>, codes) counts too.
  const set = new Set([...text.matchAll(/->([\w]+)/g)].map(([, name]) => name!.toLowerCase()));
  const writable = fields.filter((field) => field.writable);
  test.each(writable.map((field) => [field.name, field] as const))('set %s', (_, field) => {
    const names = [field.name, ...field.aliases].map((name) => name.toLowerCase());
    expect(names.some((name) => set.has(name))).toBe(true);
  });
});
