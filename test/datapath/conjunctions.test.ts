/** Rules whose ports and addresses are matched apart, on a real switch: shared halves, changes and restarts. */
import { afterEach, expect, test } from 'vitest';
import { ofctlLines, startHost, type Host } from './bench-host.js';

let host: Host;
afterEach(async () => {
  await host?.stop();
});

const cidrs = Array.from({ length: 8 }, (_, i) => `10.${2 * i}.0.0/16`);
const rule = (id: string, ports: readonly number[], fields: Record<string, unknown> = {}) => ({
  ...{ kind: 'rule', tenant: 'blue', policy: 'p', id, direction: 'in', action: 'allow', protocol: 'tcp', ports },
  ...{ peer: { cidrs }, ...fields },
});
const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'policy', tenant: 'blue', name: 'p' },
  { kind: 'group', tenant: 'blue', name: 'g', policies: ['p'] },
  rule('1', [1, 3, 5, 7, 9]),
  // The same addresses and some of the same ports: their halves are one flow with two actions.
  rule('2', [5, 7, 9, 11, 13]),
  rule('3', [1, 3, 5, 7, 9], { action: 'deny', priority: 9 }),
];

async function start(): Promise<void> {
  host = await startHost();
  expect((await host.controller.apply({ put: objects }, 'committed')).attention).toEqual([]);
}

test('rules share the halves that are alike, and a restart sends nothing', async () => {
  await start();
  const lines = await ofctlLines(host.sandbox);
  const both = lines.filter((line) => (line.match(/conjunction\(/g) ?? []).length === 2);
  expect(both).toHaveLength(cidrs.length + 3);
  host = await host.restart();
  expect(host.events.findLast((event) => event.type === 'resynced')?.fields?.['sent']).toBe(0);
  expect(await ofctlLines(host.sandbox)).toEqual(lines);
  expect((await host.controller.flows({})).map(({ text }) => text).toSorted()).toEqual(lines);
});

test('a rule that goes leaves the others their halves, and nothing of its own', async () => {
  await start();
  const lines = await ofctlLines(host.sandbox);
  const second = host.controller.state.rules.get('blue/p/2')!.conjunction;
  await host.controller.apply({ delete: [{ kind: 'rule', key: 'blue/p/2' }] }, 'committed');
  const left = await ofctlLines(host.sandbox);
  expect(left.join('\n')).not.toContain(`conjunction(${second},`);
  expect(left.filter((line) => line.includes('conjunction('))).toHaveLength(2 * (5 + cidrs.length));
  await host.controller.apply({ put: [objects[4]] }, 'committed');
  expect(await ofctlLines(host.sandbox)).toEqual(lines);
});
