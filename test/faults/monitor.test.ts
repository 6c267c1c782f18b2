/**
 * The connection over which the switch tells of others' changes: closed, silent, doubled, paused for ever, full of what is
 * not so. Whatever it says, commits go on, the tables end as they are wanted, and the switch is watched again.
 * Neighbours: native/test/drift_test.cpp has the same with a clock of its own, for what takes minutes.
 */
import { expect } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { batchOf, tablesOf } from './desired.js';
import type { Peer, Script } from './fake-switch.js';
import { test, type Rig } from './rig.js';
import { describeChange, type Flow } from './tables.js';
import { error, frame, multipart, multipartReply, refusal, type, type Message } from './wire.js';

const isMultipart = (message: Message, kind: number): boolean =>
  message.type === type.multipartRequest && message.bytes.readUInt16BE(8) === kind;
/** ofp_flow_monitor_request's command: 2 is OFPFMC_DELETE. */
const isCancel = (message: Message): boolean =>
  isMultipart(message, multipart.flowMonitor) && message.bytes.readUInt8(31) === 2;

const points = {
  'the wish to be told': (message) => message.type === type.setAsync,
  'the request': (message) => isMultipart(message, multipart.flowMonitor) && !isCancel(message),
  'the barrier': (message) => message.type === type.barrierRequest,
  'the count': (message) => isMultipart(message, multipart.table),
  'the cancel': isCancel,
} satisfies Record<string, (message: Message) => boolean>;

/** Does something at the first message of the watching connection that fits. */
function once(fits: (message: Message) => boolean, act: (message: Message, peer: Peer) => boolean): Script {
  let done = false;
  return { onMonitorMessage: (message, peer) => !done && fits(message) && ((done = true), act(message, peer)) };
}

const isArmed = async (rig: Rig): Promise<boolean> => (await rig.engine.stats()).monitor === 'armed';
/** How often everything was read. */
const readings = (rig: Rig): number => rig.of('resynced').filter(({ whole }) => whole).length;
const armed = (rig: Rig): Promise<unknown> => until('it is watched', () => isArmed(rig));

async function watched(rig: Rig, bytes: Uint8Array): Promise<void> {
  await rig.ready(bytes);
  await armed(rig);
}

/** It is watched: what a stranger does is found and put right, and nobody was blamed or hung up on for what went before. */
async function expectWatched(rig: Rig, bytes: Uint8Array): Promise<void> {
  await armed(rig);
  const before = rig.of('drift').length;
  rig.fake.byHand((tables) => {
    const [first] = tables.flows.values();
    if (first) tables.remove(first);
  });
  await until('it is found', () => rig.of('drift').length > before);
  const wanted = tablesOf(bytes).join();
  await until('it is put right', () => rig.fake.tables.text().join() === wanted);
  await rig.expectTables(bytes);
  await until('it is said', async () => (await rig.engine.stats()).unmended === 0);
  expect(rig.downReasons).toEqual([]);
  expect(rig.of('quarantined')).toEqual([]);
}

const news = (...entries: Buffer[]): Buffer => multipartReply(0, multipart.flowMonitor, false, entries);
/** An update without a flow: 4 abbreviated, 5 paused, 6 resumed. */
function bare(event: number): Buffer {
  const entry = Buffer.alloc(8);
  entry.writeUInt16BE(8, 0);
  entry.writeUInt16BE(event, 2);
  return entry;
}
function tell(rig: Rig, ...messages: Buffer[]): void {
  for (const peer of rig.fake.monitors) for (const message of messages) peer.send(message);
}
const someFlow = (rig: Rig): Flow => {
  const [first] = rig.fake.tables.flows.values();
  if (!first) throw new Error('there are no flows');
  return first;
};

test.for(['the wish to be told', 'the request', 'the barrier', 'the count'] as const)(
  'closed at %s: it is dialled again and the switch is watched',
  async (point, { rig }) => {
    const bytes = batchOf({ owners: 60 });
    rig.fake.script = once(points[point], (_, peer) => (peer.close(), true));
    await rig.ready(bytes);
    await expectWatched(rig, bytes);
  },
);

test.for(['closes', 'does not answer', 'refuses', 'cancels and closes'] as const)(
  'at the cancel before a large commit the switch %s: the commit does not wait for it',
  async (how, { rig }) => {
    await watched(rig, batchOf({ owners: 60 }));
    let mute = false;
    rig.fake.script = {
      onMonitorMessage(message, peer) {
        if (!isCancel(message)) return mute;
        if (how === 'refuses') peer.refuseMonitor(message);
        if (how === 'cancels and closes') peer.handle(message);
        if (how === 'does not answer') mute = true;
        else if (how !== 'refuses') peer.close();
        return true;
      },
    };
    const next = batchOf({ owners: 6_000, ofport: 2 });
    expect(await rig.commit(next)).toMatchObject({ quarantined: [] });
    rig.fake.script = {};
    // After ten seconds of silence the engine would do that.
    if (how === 'does not answer') for (const peer of rig.fake.peers) if (peer.isWatcher) peer.close();
    await expectWatched(rig, next);
  },
);

test('closed while it is watched, again and again, with changes that nobody told of', async ({ rig }) => {
  const bytes = batchOf({ owners: 60 });
  await watched(rig, bytes);
  for (let round = 0; round < 2; ++round) {
    for (const peer of rig.fake.monitors) peer.close();
    await until('it is not watched', async () => !(await isArmed(rig)));
    rig.fake.tables.plant(7_001 + round);
    rig.fake.tables.remove(someFlow(rig));
    await armed(rig);
    await rig.expectTables(bytes);
  }
  expect(rig.of('drift').length).toBeGreaterThan(0);
  await expectWatched(rig, bytes);
});

test('every word twice and byte by byte: our own changes are no drift, a stranger’s is one', async ({ rig }) => {
  await watched(rig, batchOf({ owners: 60, groups: true }));
  rig.fake.script = {
    onReply: (reply) => [...reply, ...reply].map((byte) => Buffer.from([byte])),
  };
  const next = batchOf({ owners: 70, ofport: 2, groups: true });
  await rig.commit(next, { full: true });
  expect(rig.of('drift')).toEqual([]);
  rig.fake.byHand((tables) => tables.remove(someFlow(rig)));
  await until('it is found', () => rig.of('drift').length > 0);
  await rig.expectTables(next);
  expect(rig.of('drift')).toMatchObject([{ added: 0, modified: 0, removed: 1, foundBy: 'monitor' }]);
});

test('news of what did not happen costs a look, and the tables are as they were', async ({ rig }) => {
  const bytes = batchOf({ owners: 60 });
  await watched(rig, bytes);
  const ours = someFlow(rig);
  const stranger = { ...ours, priority: 9, cookie: 0x1234n };
  tell(
    rig,
    news(describeChange({ event: 'removed', reason: 2, flow: ours })),
    news(describeChange({ event: 'added', reason: 0, flow: stranger })),
    news(describeChange({ event: 'removed', reason: 2, flow: { ...stranger, table: 77 } })),
    news(describeChange({ event: 'removed', reason: 3, flow: ours })),
    news(describeChange({ event: 'added', reason: 0, flow: { ...ours, cookie: 0x99n } })),
    news(describeChange({ event: 'added', reason: 0, flow: { ...ours, table: 254 } })),
    news(bare(4), bare(6)),
  );
  await until('all is settled', async () => {
    const { unsettled, unmended, monitor } = await rig.engine.stats();
    return unsettled === 0 && unmended === 0 && monitor === 'armed';
  });
  await expectWatched(rig, bytes);
});

test('answers to what was never asked, and forwards that make no sense', async ({ rig }) => {
  const bytes = batchOf({ owners: 60, groups: true });
  await watched(rig, bytes);
  tell(
    rig,
    frame(type.barrierReply, 0),
    frame(type.barrierReply, 0x7fff_ffff),
    multipartReply(0x7fff_ffff, multipart.table, false, [Buffer.alloc(24)]),
    multipartReply(0, multipart.table, true, []),
    multipartReply(0, multipart.flowDesc, false, [Buffer.alloc(40)]),
    frame(type.requestForward, 0),
    frame(type.requestForward, 0, Buffer.from('060f000800000001', 'hex')),
    frame(type.requestForward, 0, Buffer.from('060fffff00000001', 'hex')),
    frame(type.requestForward, 0, Buffer.from('061d001000000001ffffffffffffffff', 'hex')),
    frame(type.packetIn, 0, Buffer.alloc(60_000)),
    frame(type.bundleControl, 3, Buffer.from('00', 'hex')),
    error(0, refusal.badMultipart),
    error(0x7fff_ffff, refusal.messageFailed),
    frame(200, 0, Buffer.alloc(5)),
  );
  await expectWatched(rig, bytes);
});

test.for([
  ['an update of length 0', news(Buffer.alloc(8))],
  ['an update longer than its message', news(Buffer.from('0063000100000000', 'hex'))],
  ['an update cut in its match', news(Buffer.concat([Buffer.from('00200001', 'hex'), Buffer.alloc(28, 0xff)]))],
  ['an event of no known kind', news(Buffer.from('0008006300000000', 'hex'))],
  ['half a multipart header', frame(type.multipartReply, 0, Buffer.from('0010', 'hex'))],
  ['a message shorter than its own header', Buffer.from('0613000400000001', 'hex')],
] as const)(
  '%s: the main connection stays, the switch is read back and watched again',
  async ([, garbage], { rig }) => {
    const bytes = batchOf({ owners: 60 });
    await watched(rig, bytes);
    for (const peer of rig.fake.monitors) peer.sendRaw(Buffer.from(garbage));
    rig.fake.tables.plant(7_001); // and of this nobody is told
    await until('it is read', () => readings(rig) > 1);
    await expectWatched(rig, bytes);
  },
);

test('paused, changed in silence and resumed: everything is read', async ({ rig }) => {
  const bytes = batchOf({ owners: 60 });
  await watched(rig, bytes);
  tell(rig, news(bare(5)));
  rig.fake.tables.remove(someFlow(rig));
  rig.fake.tables.plant(7_001);
  tell(rig, news(bare(6)));
  await until('it is read', () => readings(rig) > 1);
  await rig.expectTables(bytes);
  await expectWatched(rig, bytes);
});

test('paused and never resumed: commits small and large go on', async ({ rig }) => {
  await watched(rig, batchOf({ owners: 60 }));
  tell(rig, news(bare(5)));
  await rig.commit(batchOf({ owners: 60, ofport: 2 }));
  const next = batchOf({ owners: 6_000, ofport: 3 });
  await rig.commit(next);
  await expectWatched(rig, next); // the large one begins it anew
});

test('a request that is neither taken nor refused: the switch is read now and then, and that is said', async ({
  rig,
}) => {
  rig.fake.script = once(points['the request'], () => true);
  const bytes = batchOf({ owners: 60 });
  await rig.ready(bytes);
  await until('it is known', async () => (await rig.engine.stats()).monitor === 'refused');
  expect(rig.warnings).toContain("the switch does not tell of others' changes; it is read back now and then instead");
  await rig.commit(batchOf({ owners: 60, ofport: 2 }));
  await rig.expectTables(batchOf({ owners: 60, ofport: 2 }));
});

test('a count that is wrong: that table is read, once, and the switch is watched', async ({ rig }) => {
  const counts = Buffer.alloc(24 * 254);
  for (let table = 0; table < 254; ++table) counts.writeUInt8(table, 24 * table);
  rig.fake.script = {
    onMonitorMessage: (message, peer) =>
      points['the count'](message) && (peer.send(multipartReply(message.xid, multipart.table, false, [counts])), true),
  };
  const bytes = batchOf({ owners: 60 });
  await watched(rig, bytes);
  await until('it is read', () => rig.of('resynced').length === 2);
  expect(rig.of('resynced').at(-1)).toMatchObject({ whole: false, flowsRead: 60, sent: 0 });
  await expectWatched(rig, bytes);
  expect(rig.of('resynced')).toHaveLength(2);
});
