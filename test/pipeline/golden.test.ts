/** The example host's flows, as reviewed text. */
import { expect, test } from 'vitest';
import { ownerKey } from '../../src/model/index.js';
import { compileText, cookies, exampleState, objectText, worldOf } from './support.js';
import { cookieOwner } from '../../src/openflow/index.js';
import { systemOwner } from '../../src/pipeline/compile.js';

test('the example host compiles to the golden flows', async () => {
  const lines = compileText(worldOf(exampleState())).toSorted();
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('golden/example.flows');
});

test('the same state compiles to the same bytes, whatever the order of the request', () => {
  const state = exampleState();
  expect(compileText(worldOf(exampleState())).toSorted()).toEqual(compileText(worldOf(state)).toSorted());
});

test('every flow’s cookie resolves to its owner', () => {
  const world = worldOf(exampleState());
  for (const cookie of cookies(world)) {
    const owner = cookieOwner(cookie);
    if (owner !== systemOwner) expect(world.state.byOwner(owner)).toBeDefined();
  }
});

test('a rule costs one flow for each policy set that contains it, port and CIDR', () => {
  const world = worldOf(exampleState());
  for (const rule of world.state.rules.values()) {
    const sets = [...world.state.policySets(rule.policy)].length;
    const services = rule.protocol === 'icmp' ? 2 : Math.max(1, rule.ports.length);
    const expected = sets * services * Math.max(1, rule.peer.cidrs.length);
    expect({ rule: rule.key, flows: objectText(world, rule).length }).toEqual({ rule: rule.key, flows: expected });
    expect(ownerKey('rule', rule.id)).toBeGreaterThan(0);
  }
});
