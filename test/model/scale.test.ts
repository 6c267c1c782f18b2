/** As many objects as a host may know. */
import { expect, test } from 'vitest';
import { emptyState } from '../../src/model/index.js';
import { accept, type Json } from './support.js';

test('a hundred thousand endpoints are judged in one request, and one more costs next to nothing', () => {
  const put: Json[] = [
    { kind: 'tenant', name: 't' },
    { kind: 'network', tenant: 't', name: 'n', vni: 9, subnet: '10.0.0.0/8' },
    { kind: 'group', tenant: 't', name: 'g' },
  ];
  const hex = (n: number) => n.toString(16).padStart(2, '0');
  for (let n = 1; n <= 100_000; n++) {
    const [a, b, c] = [n >> 16, (n >> 8) & 255, n & 255];
    put.push({
      kind: 'endpoint',
      id: `e-${n}`,
      tenant: 't',
      network: 'n',
      group: 'g',
      mac: `02:00:00:${hex(a)}:${hex(b)}:${hex(c)}`,
      ipv4: `10.${a}.${b}.${c}`,
    });
  }
  const state = accept(emptyState(), { put });
  expect(state.endpoints.size).toBe(100_000);
  expect([...state.groupMembers('t/g')].length).toBe(100_000);
  const started = performance.now();
  let next = state;
  for (let n = 0; n < 1000; n++)
    next = accept(next, { put: [{ ...put[n + 3], ipv4: `10.200.${n >> 6}.${(n & 63) + 1}` }] });
  // A copy of the state a put would take minutes.
  expect(performance.now() - started).toBeLessThan(5000);
  expect(state.endpoints.get('e-1')?.spec.ipv4).toBe('10.0.0.1');
});
