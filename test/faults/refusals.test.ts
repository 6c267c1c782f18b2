/** The switch refuses single messages: when it decodes them, when the bundle commits, one of them or twenty thousand. */
import { expect } from 'vitest';
import { endpoint, gotoTable, apply, toGroup } from '../native/flow-mods.js';
import { batchOf, nothingOf, spread } from './desired.js';
import type { Script } from './fake-switch.js';
import { test } from './rig.js';
import { isControl } from './faults.js';
import { control, error, refusal, type Refusal } from './wire.js';
import type { CommitResult } from '../../src/native/index.js';
import type { Flow } from './tables.js';

/** The owner is in the upper 40 bits of the cookie, its number in the lower 32 of those. */
const ownerOf = (flow: Flow): number => Number((flow.cookie >> 24n) & 0xffff_ffffn);

const refuseAt = (when: 'add' | 'commit', owners: ReadonlySet<number>, why: Refusal): Script => {
  const judge = (flow: Flow): Refusal | undefined => (owners.has(ownerOf(flow)) ? why : undefined);
  return when === 'add' ? { refuseAtAdd: judge } : { refuseAtCommit: judge };
};

const named = (result: CommitResult): number[] =>
  result.quarantined.map(({ owner }) => owner - endpoint(0)).toSorted((x, y) => x - y);

test.for([
  ['add', 1, 400],
  ['add', 40, 3500],
  ['commit', 1, 400],
  ['commit', 40, 3500],
] as const)('refused at %s: %i of %i owners are named, all others are in', async ([when, bad, owners], { rig }) => {
  const refused = spread(bad, owners);
  rig.fake.script = refuseAt(when, refused, refusal.badPort);
  const bytes = batchOf({ owners });
  const result = await rig.ready(bytes);
  expect(named(result)).toEqual([...refused]);
  expect(result.quarantined.every(({ error: name }) => name === 'OFPBAC_BAD_OUT_PORT')).toBe(true);
  expect(result.added).toBe(owners - bad);
  expect(rig.of('quarantined')).toHaveLength(bad);
  await rig.expectTables(bytes, refused);
});

test.for(['add', 'commit'] as const)(
  'an error storm: 20,000 owners refused at %s in one batch',
  async (when, { rig }) => {
    const owners = 21_000;
    const refused = new Set(Array.from({ length: 20_000 }, (_, i) => i + 501));
    rig.fake.script = refuseAt(when, refused, refusal.badPort);
    const bytes = batchOf({ owners });
    const result = await rig.ready(bytes);
    expect(named(result)).toEqual([...refused]);
    expect(result.added).toBe(1_000);
    await rig.expectTables(bytes, refused);
  },
);

test('one that the switch does not decode and one whose group is missing, both by the switch’s own judgement', async ({
  rig,
}) => {
  const special = new Map([
    [10, gotoTable(0)],
    [20, apply(toGroup(77))],
  ]);
  const bytes = batchOf({ owners: 30, special });
  const result = await rig.ready(bytes);
  expect(result.quarantined.map(({ error: name }) => name).toSorted()).toEqual([
    'OFPBAC_BAD_OUT_GROUP',
    'OFPBIC_BAD_TABLE_ID',
  ]);
  await rig.expectTables(bytes, new Set([10, 20]));
});

test('a COMMIT that fails without naming the culprit: it is found by halving', async ({ rig }) => {
  const culprits = new Set([77, 178]);
  let bundle: number[] = [];
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (message.type === 34) bundle.push(Number((message.bytes.readBigUInt64BE(24) >> 24n) & 0xffff_ffffn));
      if (isControl(message, control.open)) bundle = [];
      if (!isControl(message, control.commit) || !bundle.some((n) => culprits.has(n))) return false;
      peer.refuse(message, refusal.messageFailed);
      return true;
    },
  };
  const bytes = batchOf({ owners: 400 });
  const result = await rig.ready(bytes);
  expect(named(result)).toEqual([...culprits]);
  await rig.expectTables(bytes, culprits);
});

test('an error of a kind that nobody knows, cut to its first bytes, still names the owner', async ({ rig }) => {
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (message.type !== 34 || Number((message.bytes.readBigUInt64BE(24) >> 24n) & 0xffff_ffffn) !== 5) return false;
      peer.send(error(message.xid, { type: 42, code: 99 }, new Uint8Array(0)));
      return true;
    },
  };
  const bytes = batchOf({ owners: 9 });
  const result = await rig.ready(bytes);
  expect(result.quarantined).toMatchObject([
    { owner: endpoint(5), error: 'error type 42 code 99', type: 42, code: 99 },
  ]);
  await rig.expectTables(bytes, new Set([5]));
});

test('every error sent twice names each owner once', async ({ rig }) => {
  const refused = spread(20, 300);
  rig.fake.tables.plant(9_999);
  rig.fake.script = {
    ...refuseAt('add', refused, refusal.badPort),
    onReply: (reply) => (reply.readUInt8(1) === 1 ? [reply, reply] : [reply]),
  };
  const bytes = batchOf({ owners: 300 });
  expect(named(await rig.ready(bytes))).toEqual([...refused]);
  await rig.expectTables(bytes, refused);
});

test('a refused change leaves what was there, and goes in once the switch takes it', async ({ rig }) => {
  const before = batchOf({ owners: 20 });
  await rig.ready(before);
  const after = batchOf({ owners: 20, ofport: 2 });
  const refused = spread(20, 20);
  rig.fake.script = refuseAt('commit', refused, refusal.badPort);
  expect(named(await rig.commit(after))).toEqual([...refused]);
  expect(rig.fake.tables.flows.size).toBe(20);
  rig.fake.script = {};
  rig.engine.retryQuarantined();
  await rig.expectTables(after);
});

test('a deletion that the switch refuses is said, and the engine goes on', async ({ rig }) => {
  await rig.ready(batchOf({ owners: 10 }));
  // The owner that is to want nothing is the only one that can be named.
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (message.type !== 34 || message.bytes.readUInt8(16 + 25) !== 4) return false;
      peer.refuse(message, { type: 1, code: 5 });
      return true;
    },
  };
  const result = await rig.commit(nothingOf(4));
  expect(result.quarantined).toMatchObject([{ owner: endpoint(4), error: 'OFPBRC_EPERM' }]);
  expect(rig.fake.tables.flows.size).toBe(10);
  expect(await rig.commit(batchOf({ owners: 3, ofport: 2 }))).toMatchObject({ modified: 3 });
});
