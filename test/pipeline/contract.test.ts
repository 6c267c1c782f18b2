/** Every flow keeps its table's contract: what it matches and where it sends packets. */
import { expect, test } from 'vitest';
import { contracts, t } from '../../src/pipeline/layout.js';
import { compileText, exampleState, readLine, worldOf } from './support.js';

/** What is wrong with a flow by its table's contract. */
function breaches(text: string): string[] {
  const { table, fields, next } = readLine(text);
  const contract = contracts.find(({ ref }) => ref.name === table);
  if (!contract) return [`no table ${table}: ${text}`];
  return [
    ...fields
      .filter((field) => !contract.matches.includes(field))
      .map((field) => `${table} may not match ${field}: ${text}`),
    ...next
      .filter((name) => !(contract.next as readonly string[]).includes(name))
      .map((name) => `${table} may not go to ${name}: ${text}`),
  ];
}

test('every flow of the example keeps its table’s contract', () => {
  const lines = compileText(worldOf(exampleState()));
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.flatMap(breaches)).toEqual([]);
});

test('a flow that breaks its table’s contract is found', () => {
  expect(breaches(' table=tunnelPeer, priority=1,in_port=w1 actions=goto_table:source')).toEqual([
    expect.stringContaining('tunnelPeer may not match in_port'),
  ]);
  expect(breaches(' table=policy, priority=1,reg2=0x1 actions=goto_table:deliver')).toEqual([
    expect.stringContaining('policy may not go to deliver'),
  ]);
  expect(breaches(' table=neighbours, priority=1,reg1=0x100000/0xf00000 actions=drop')).toEqual([
    expect.stringContaining('neighbours may not match delivery'),
  ]);
});

test('tables are declared in packet order and every edge goes forward', () => {
  expect(contracts.map(({ ref }) => ref.id)).toEqual(contracts.map((_, id) => id));
  for (const { ref, next, miss } of contracts) {
    for (const name of [...next, ...('to' in miss ? [miss.to] : [])]) expect(t[name].id).toBeGreaterThan(ref.id);
  }
});

test('every table has exactly one miss flow', () => {
  const misses = compileText(worldOf(exampleState())).filter((line) => /priority=0 actions/.test(line));
  expect(misses.map((line) => readLine(line).table).toSorted()).toEqual(
    contracts.map(({ ref }) => ref.name).toSorted(),
  );
});
