/** What is refused of net profiles, and how bandwidths are read. */
import { expect, test } from 'vitest';
import { formatBandwidth, parseBandwidth } from '../../../src/model/bandwidth.js';
import { acceptedSpec, type Json } from '../support.js';
import { areRefused } from './rows.js';

const profile = (fields: Json): Json => ({ kind: 'netProfile', tenant: 'blue', name: 'p', ...fields });

areRefused([
  [
    'a bandwidth without a unit',
    profile({ bandwidth: '10' }),
    '/objects/0/bandwidth bad_value: `10` is not a bandwidth such as 10 mbps (kbps, mbps or gbps)',
  ],
  [
    'a bandwidth below 1 kbps',
    profile({ bandwidth: '0.5 kbps' }),
    '/objects/0/bandwidth out_of_range: `0.5 kbps` is not a whole number of kbps from 1 kbps to 4294967295 kbps',
  ],
  [
    'a burst without a bandwidth',
    profile({ burst: 100 }),
    '/objects/0/burst contradiction: burst needs bandwidth (state the bandwidth, or leave out burst)',
  ],
  ['a DSCP of 64', profile({ dscp: 64 }), '/objects/0/dscp out_of_range: dscp `64` is outside 0–63'],
  [
    'a burst of 1 kB',
    profile({ bandwidth: '1 mbps', burst: 1 }),
    '/objects/0/burst out_of_range: burst `1` is outside 2–500000',
  ],
  [
    'a net profile of an unknown tenant',
    { ...profile({}), tenant: 'bleu' },
    '/objects/0/tenant no_such_object: no tenant `bleu` (did you mean `blue`?)',
  ],
]);

test.each([
  ['10 mbps', 10_000],
  ['10Mbps', 10_000],
  ['1.5 gbps', 1_500_000],
  ['64 kbps', 64],
  ['2m', 2000],
  ['2mb', 2000],
  ['3 G', 3_000_000],
  ['8000 bps', 8],
  ['0 mbps', undefined],
  ['1500 bps', undefined],
  ['5000 gbps', undefined],
  ['ten mbps', undefined],
  ['-1 mbps', undefined],
])('bandwidth `%s` is %s kbps, in decimal units', (text, kbps) => {
  expect(parseBandwidth(text)).toBe(kbps);
  if (kbps !== undefined) expect(parseBandwidth(formatBandwidth(kbps))).toBe(kbps);
});

test('the normal form has the largest unit that leaves a whole number', () => {
  expect(acceptedSpec(profile({ bandwidth: '1500kbps', burst: 200 }))).toEqual({
    ...profile({ bandwidth: '1500 kbps', burst: 200 }),
    scope: 'endpoint',
  });
  expect(acceptedSpec(profile({ bandwidth: '2000 mbps', scope: 'group' }))).toEqual({
    ...profile({ bandwidth: '2 gbps' }),
    scope: 'group',
  });
});

test('Contiv: a netprofile, with 0 for what nobody set', () => {
  const contiv = { kind: 'netprofile', key: 'blue:p', tenantName: 'blue', profileName: 'p', bandwidth: '10Mbps' };
  expect(acceptedSpec({ ...contiv, DSCP: 0, burst: 0 })).toEqual({
    ...profile({ bandwidth: '10 mbps' }),
    scope: 'endpoint',
  });
});
