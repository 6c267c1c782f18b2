/** What Open vSwitch's bundles do not promise: they expire in silence, get lost, clash, and cannot always be had. */
import { expect } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { batchOf } from './desired.js';
import { isControl, onFirst } from './faults.js';
import { test } from './rig.js';
import { control, refusal, type } from './wire.js';

const isAdd = (message: { readonly type: number }): boolean => message.type === type.bundleAdd;

test.for([1, 3])('expired %i times between its ADDs, so that the rest alone would commit', async (times, { rig }) => {
  let seen = 0;
  rig.fake.script = onFirst(
    times,
    (message) => isAdd(message) && ++seen % 20 === 0,
    (message, peer) => {
      peer.expire(message.bytes.readUInt32BE(8));
      return false; // this ADD begins it anew
    },
  );
  const bytes = batchOf({ owners: 200 });
  expect(await rig.ready(bytes)).toMatchObject({ added: 200, quarantined: [] });
  expect(rig.warnings).toContain('the switch lost a bundle; sending it again');
  await rig.expectTables(bytes);
});

test('expired between the barrier and the COMMIT', async ({ rig }) => {
  rig.fake.script = onFirst(
    2,
    (message) => isControl(message, control.commit),
    (message, peer) => {
      peer.expire(message.bytes.readUInt32BE(8));
      return false;
    },
  );
  const bytes = batchOf({ owners: 2500 });
  expect(await rig.ready(bytes)).toMatchObject({ added: 2500, quarantined: [] });
  await rig.expectTables(bytes);
});

test.for([
  ['the id is in use and the bundle destroyed', control.open, refusal.badBundleId],
  ['there is no room for another bundle', control.open, refusal.outOfBundles],
  ['the id is unknown', control.commit, refusal.badBundleId],
  ['the flags are not those of the OPEN', control.commit, refusal.badFlags],
] as const)('%s: it is sent again under another id, and nobody is blamed', async ([, at, why], { rig }) => {
  const ids = new Set<number>();
  rig.fake.script = onFirst(
    3,
    (message) => isControl(message, at),
    (message, peer) => {
      ids.add(message.bytes.readUInt32BE(8));
      peer.refuse(message, why);
      return true;
    },
  );
  const bytes = batchOf({ owners: 300, groups: true });
  expect(await rig.ready(bytes)).toMatchObject({ quarantined: [] });
  expect(ids.size).toBe(3);
  await rig.expectTables(bytes);
});

test('an ADD refused for its flags costs the bundle, not the owner', async ({ rig }) => {
  rig.fake.script = onFirst(1, isAdd, (message, peer) => {
    peer.refuse(message, refusal.badFlags);
    return true;
  });
  const bytes = batchOf({ owners: 50 });
  expect(await rig.ready(bytes)).toMatchObject({ quarantined: [] });
  await rig.expectTables(bytes);
});

test('a switch that loses every bundle is left with that reason; when it keeps them, all is well', async ({ rig }) => {
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (isControl(message, control.commit)) peer.expire(message.bytes.readUInt32BE(8));
      return false;
    },
  };
  rig.connect();
  const bytes = batchOf({ owners: 20 });
  const pending = rig.commit(bytes, { full: true });
  await until('it is left', () => rig.downReasons.includes('the switch loses every bundle: OFPBFC_TIMEOUT'));
  rig.fake.script = {};
  await pending;
  await rig.expectTables(bytes);
});

test('a switch without bundles: it is said, and neither taken for success nor for the owners’ fault', async ({
  rig,
}) => {
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (message.type !== type.bundleControl && !isAdd(message)) return false;
      peer.refuse(message, { type: 1, code: 1 });
      return true;
    },
  };
  rig.connect();
  const bytes = batchOf({ owners: 5 });
  const pending = rig.commit(bytes, { full: true });
  await until('it is said', () => rig.downReasons.includes('the switch loses every bundle: OFPBRC_BAD_TYPE'));
  expect(await rig.engine.stats()).toMatchObject({ pendingCommits: 1, quarantined: 0, confirmed: 0 });
  rig.fake.script = {};
  expect(await pending).toMatchObject({ added: 5, quarantined: [] });
  await rig.expectTables(bytes);
});
