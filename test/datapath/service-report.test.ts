/** A service without a provider, or that names an address nobody has, says so in its status, and is committed all the same. */
import { expect, test } from 'vitest';
import type { ObjectStatus } from '../../src/datapath/face.js';
import { withServiceReport } from '../../src/datapath/service-report.js';
import { emptyState, judge } from '../../src/model/index.js';

const status: ObjectStatus = { generation: 1, state: 'committed', problems: [], flows: 4 };

const problems = (providers: string[]): string[] => {
  const judged = judge(emptyState(), {
    put: [
      { kind: 'tenant', name: 'blue' },
      { kind: 'network', tenant: 'blue', name: 'n', vni: 1 },
      { kind: 'endpoint', id: 'e', tenant: 'blue', network: 'n', mac: '02:00:00:00:00:01', ipv4: '10.1.1.1' },
      { kind: 'service', tenant: 'blue', name: 's', network: 'n', ips: ['10.1.1.9'], ports: [80], providers },
    ],
  });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  const { state } = judged.accepted;
  return withServiceReport(status, state.services.get('blue/s')!, state).problems.map(
    ({ code, message }) => `${code}: ${message}`,
  );
};

test.each<[string, string[], string[]]>([
  ['a provider that is there', ['e'], []],
  ['its address', ['10.1.1.1'], []],
  ['nobody', [], ['no_provider: it has no provider: connections to it are refused']],
  [
    'an address that nobody has beside one that is there',
    ['e', '10.1.1.7'],
    ['provider_missing: no endpoint has the address 10.1.1.7 yet'],
  ],
  [
    'addresses that nobody has',
    ['10.1.1.2', '10.1.1.3', '10.1.1.4', '10.1.1.5', '10.1.1.6', '10.1.1.7'],
    [
      'no_provider: it has no provider: connections to it are refused',
      'provider_missing: no endpoint has the address 10.1.1.2, 10.1.1.3, 10.1.1.4, 10.1.1.5, 10.1.1.6 and 1 more yet',
    ],
  ],
])('%s', (_who, providers, expected) => {
  expect(problems(providers)).toEqual(expected);
});
