/** The shipped example host is right, whatever becomes of the rules. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { emptyState, judge } from '../../src/model/index.js';
import { accept, specsOf, type Json } from './support.js';

const example = parse(readFileSync(new URL('../../examples/host.yaml', import.meta.url), 'utf8')) as {
  objects: Json[];
};

test('the example host is accepted, and what GET returns of it changes nothing', () => {
  const state = accept(emptyState(), { put: example.objects });
  expect(judge(state, { put: specsOf(state) })).toMatchObject({ ok: true, accepted: { changes: [] } });
});

test('it shows what the README says: two tenants with one subnet, both encaps, three groups, endpoints here, remote and elsewhere', () => {
  const state = accept(emptyState(), { put: example.objects });
  const subnets = [...state.networks].filter(({ encap }) => encap === 'vxlan').map(({ spec }) => spec.subnet);
  expect(subnets).toEqual([subnets[0], subnets[0]]);
  expect(new Set([...state.networks].map(({ encap }) => encap))).toEqual(new Set(['vlan', 'vxlan']));
  expect([state.tenants.size, state.groups.size]).toEqual([2, 3]);
  const where = [...state.endpoints].map((endpoint) => (endpoint.where ? Object.keys(endpoint.where)[0] : 'elsewhere'));
  expect(new Set(where)).toEqual(new Set(['interface', 'vtepIp', 'elsewhere']));
});
