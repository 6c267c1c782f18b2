/** The connection ends in the middle of a bundle: the outcome is unknown, so the switch is read back and mended. */
import { expect } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { batchOf, nothingOf, tablesOf } from './desired.js';
import { closeAt, type Point } from './faults.js';
import { test } from './rig.js';

const points: Point[] = ['open', 'adds', 'barrier', 'before commit', 'after commit'];

test.for(points)('closed at: %s; everything is in at the end, and the commit says so', async (point, { rig }) => {
  await rig.ready(batchOf({ owners: 50 }));
  rig.fake.script = closeAt(point, 2);
  const next = batchOf({ owners: 300, ofport: 2 });
  const result = await rig.commit(next);
  expect(result.quarantined).toEqual([]);
  // After an applied COMMIT there is no second one to lose.
  expect(rig.downReasons).toHaveLength(point === 'after commit' ? 1 : 2);
  await rig.expectTables(next);
});

test.for(points)('closed at: %s of a change in many bundles, groups and deletions with it', async (point, { rig }) => {
  await rig.ready(batchOf({ owners: 1500 }));
  rig.fake.script = closeAt(point, 1);
  const next = batchOf({ owners: 1400, groups: true });
  await rig.commit(next, { full: true, mode: 'staged' });
  await rig.expectTables(next);
});

test('a COMMIT that was applied before the connection went is not sent again', async ({ rig }) => {
  await rig.ready(batchOf({ owners: 3 }));
  rig.fake.script = closeAt('after commit', 1);
  rig.fake.log.length = 0;
  const next = batchOf({ owners: 300, ofport: 2 });
  await rig.commit(next);
  expect(rig.fake.log.filter((name) => name === 'add')).toHaveLength(300);
  expect(rig.of('resynced').at(-1)).toMatchObject({ flowsRead: 300, sent: 0, foreign: 0 });
  await rig.expectTables(next);
});

test('the latest of what is wanted while the outcome is unknown counts', async ({ rig }) => {
  await rig.ready(batchOf({ owners: 3 }));
  rig.fake.script = closeAt('after commit', 1);
  const first = rig.commit(batchOf({ owners: 300, ofport: 2 }));
  await until('the loss is noticed', () => rig.downReasons.length === 1);
  const second = rig.commit(nothingOf(1, 2));
  const third = rig.commit(batchOf({ owners: 300, ofport: 4 }));
  await Promise.all([first, second, third]);
  await rig.expectTables(batchOf({ owners: 300, ofport: 4 }));
});

test('a connection lost before the first full commit is not read back, and the change still gets there', async ({
  rig,
}) => {
  rig.fake.tables.plant(99);
  rig.connect();
  rig.fake.script = closeAt('after commit', 1);
  const bytes = batchOf({ owners: 20, groups: true });
  await rig.commit(bytes);
  expect(rig.of('resynced')).toEqual([]);
  expect(rig.fake.tables.text()).toEqual(expect.arrayContaining(tablesOf(bytes)));
  expect(rig.fake.tables.flows.size).toBe(21);
});

test('a switch whose socket goes away and comes back is found, and gets what it lost', async ({ rig }) => {
  const bytes = batchOf({ owners: 40, groups: true });
  await rig.ready(bytes);
  await rig.fake.stopListening();
  await until('the loss is noticed', () => rig.downReasons.length > 0);
  rig.fake.tables.flows.clear();
  rig.fake.tables.groups.clear();
  await rig.fake.listen();
  await rig.expectTables(bytes);
});
