/** Large changes over several connections: one of them ends in mid-commit, falls silent, or cannot be had. */
import { expect } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { batchOf, nothingOf } from './desired.js';
import type { Peer } from './fake-switch.js';
import { closeAt, isControl, onFirst, type Point } from './faults.js';
import { test, type Rig } from './rig.js';
import { control } from './wire.js';

const owners = 12_000;

/** The switch has 300 ports, holds a little, and all eight lanes stand. */
async function ready(rig: Rig): Promise<void> {
  rig.fake.ports = 300;
  await rig.ready(batchOf({ owners: 3 }));
  await until('the lanes stand', async () => (await rig.engine.stats()).lanes === 8);
}

const points: Point[] = ['open', 'adds', 'barrier', 'before commit', 'after commit'];

test.for(points)('a lane is closed at: %s; the switch is read back and everything is in', async (point, { rig }) => {
  await ready(rig);
  // The first bundle of a load goes out on a lane, not on the main connection.
  rig.fake.script = closeAt(point, 1, 300);
  const next = batchOf({ owners, ofport: 2 });
  expect(await rig.commit(next)).toMatchObject({ quarantined: [] });
  expect(rig.downReasons).toEqual([]);
  expect(rig.warnings).toContain('a lane was lost in mid-commit; reading the switch back');
  // Once at the start, once for the lane; the watch over others may want one of its own.
  expect(rig.of('resynced').length).toBeGreaterThan(1);
  await rig.expectTables(next);
});

test('all lanes are closed again and again: the load gets there', async ({ rig }) => {
  await ready(rig);
  let commits = 0;
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (!isControl(message, control.commit) || ++commits % 10 !== 0 || commits > 50) return false;
      peer.handle(message);
      for (const one of rig.fake.peers) if (one !== main(rig)) one.close();
      return true;
    },
  };
  const next = batchOf({ owners, ofport: 2 });
  await rig.commit(next);
  await rig.expectTables(next);
});

test('the connection that is not a lane is closed in the middle of a load', async ({ rig }) => {
  await ready(rig);
  rig.fake.script = onFirst(
    1,
    (message) => isControl(message, control.commit),
    () => {
      main(rig)?.close();
      return false;
    },
  );
  const next = batchOf({ owners, ofport: 2 });
  await rig.commit(next);
  expect(rig.downReasons).toHaveLength(1);
  await rig.expectTables(next);
});

test('a switch that takes no second connection gets a load over the first', async ({ rig }) => {
  rig.fake.ports = 300;
  rig.fake.script = {
    onMessage: (_, peer) => {
      if ((main(rig) ?? peer) === peer) return false;
      peer.close();
      return true;
    },
  };
  const bytes = batchOf({ owners });
  expect(await rig.ready(bytes)).toMatchObject({ added: owners, quarantined: [] });
  await rig.expectTables(bytes);
});

test('a small change is confirmed while a load stands still on its lanes', async ({ rig }) => {
  await ready(rig);
  const held: (() => void)[] = [];
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (peer === main(rig) || !isControl(message, control.commit)) return false;
      held.push(() => peer.handle(message));
      return true;
    },
  };
  let loaded = false;
  const load = rig.commit(batchOf({ owners, ofport: 2 })).then(() => (loaded = true));
  await until('the load stands still', () => held.length >= 2);
  expect(await rig.commit(nothingOf(1))).toMatchObject({ deleted: 1 });
  expect(loaded).toBe(false);
  rig.fake.script = {};
  for (const go of held) go();
  await load;
});

/** The connection that stood first. */
function main(rig: Rig): Peer | undefined {
  return rig.fake.peers.values().next().value;
}
