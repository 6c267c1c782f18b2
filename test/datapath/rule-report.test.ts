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
