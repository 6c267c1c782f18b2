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

test('a rule that others cover together names them, and one that contradicts others says what about', () => {
  const rule = { kind: 'rule', tenant: 'blue', policy: 'p', direction: 'in', protocol: 'tcp' };
  const judged = judge(emptyState(), {
    put: [
      { kind: 'tenant', name: 'blue' },
      { kind: 'policy', tenant: 'blue', name: 'p' },
      { kind: 'group', tenant: 'blue', name: 'g', policies: ['p'] },
      { ...rule, id: '1', action: 'deny', priority: 5, ports: ['1-100'] },
      { ...rule, id: '2', action: 'allow', priority: 4, ports: ['101-200'] },
      { ...rule, id: '3', action: 'allow', ports: ['50-150'] },
      { ...rule, id: '4', action: 'deny', ports: ['300-310'], peer: { cidrs: ['10.1.0.0/16'] } },
      ...[5, 6, 7, 8].map((i) => ({ ...rule, id: String(i), action: 'allow', ports: [300 + i] })),
    ],
  });
  if (!judged.ok) throw new Error('refused');
  const { state } = judged.accepted;
  const messages = (id: string) => withRuleReport(status, state.rules.get(`blue/p/${id}`)!, state).problems;
  expect(messages('3')).toEqual([
    {
      code: 'shadowed',
      message:
        'it never decides: rules blue/p/1 (deny, priority 5) and blue/p/2 (allow, priority 4) together match all that it does, and come first',
    },
  ]);
  expect(messages('5')).toEqual([
    {
      code: 'conflict',
      message: 'rule blue/p/4 of the same priority denies tcp port 305 from 10.1.0.0/16 to group blue/g: deny wins',
    },
  ]);
  const [{ code, message } = { code: '', message: '' }] = messages('4');
  expect(code).toBe('conflict');
  expect(message).toMatch(
    /^(rule blue\/p\/[5-8] of the same priority allows tcp port 30[5-8] .*; ){3}and so do others: deny wins$/,
  );
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
