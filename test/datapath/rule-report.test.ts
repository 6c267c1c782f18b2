/** A rule that never decides says so in its status, and is committed all the same. */
import { expect, test } from 'vitest';
import type { ObjectStatus } from '../../src/datapath/face.js';
import { withRuleReport } from '../../src/datapath/rule-report.js';
import { emptyState, judge } from '../../src/model/index.js';

const status: ObjectStatus = { generation: 1, state: 'committed', problems: [], flows: 1 };

test('a shadowed rule names the rule that decides in its place', () => {
  const rule = { kind: 'rule', tenant: 'blue', policy: 'p', direction: 'in' };
  const judged = judge(emptyState(), {
    put: [
      { kind: 'tenant', name: 'blue' },
      { kind: 'policy', tenant: 'blue', name: 'p' },
      { ...rule, id: '1', action: 'deny', priority: 5 },
      { ...rule, id: '2', action: 'allow', protocol: 'tcp', ports: [80] },
    ],
  });
  if (!judged.ok) throw new Error('refused');
  const { state } = judged.accepted;
  const message = 'it never decides: rule blue/p/1 (deny, priority 5) matches all that it does, and comes first';
  expect(withRuleReport(status, state.rules.get('blue/p/2')!, state)).toEqual({
    ...status,
    problems: [{ code: 'shadowed', message }],
  });
  expect(withRuleReport(status, state.rules.get('blue/p/1')!, state)).toBe(status);
});

test('an SCTP rule with ports says what the userspace datapath makes of it', () => {
  const put = (datapathType: string) => [
    { kind: 'settings', datapathType },
    { kind: 'tenant', name: 'blue' },
    { kind: 'policy', tenant: 'blue', name: 'p' },
    {
      kind: 'rule',
      tenant: 'blue',
      policy: 'p',
      id: '1',
      direction: 'in',
      action: 'allow',
      protocol: 'sctp',
      ports: [80],
    },
    {
      kind: 'rule',
      tenant: 'blue',
      policy: 'p',
      id: '2',
      direction: 'in',
      action: 'deny',
      protocol: 'sctp',
      priority: 2,
    },
  ];
  const problems = (datapathType: string, id: string) => {
    const judged = judge(emptyState(), { put: put(datapathType) });
    if (!judged.ok) throw new Error('refused');
    const { state } = judged.accepted;
    return withRuleReport(status, state.rules.get(`blue/p/${id}`)!, state).problems.map(({ code }) => code);
  };
  expect(problems('netdev', '1')).toEqual(['shadowed', 'sctp_untracked']);
  expect(problems('netdev', '2')).toEqual([]);
  expect(problems('system', '1')).toEqual(['shadowed']);
});
