/** The byte stream itself: slow, cut to pieces, doubled, full of what nobody asked for, or plainly wrong. */
import { expect } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { batchOf, nothingOf } from './desired.js';
import { isControl, onFirst } from './faults.js';
import { test } from './rig.js';
import { control, error, frame, multipart, multipartReply, refusal, type } from './wire.js';

test('answers come byte by byte', async ({ rig }) => {
  rig.fake.script = { onReply: (reply) => Array.from(reply, (_, at) => reply.subarray(at, at + 1)) };
  const bytes = batchOf({ owners: 60, groups: true });
  await rig.ready(bytes);
  rig.fake.dropAll();
  await until('it is read back', () => rig.of('resynced').length === 2);
  expect(rig.of('resynced').at(-1)).toMatchObject({ flowsRead: 60, groupsRead: 60, sent: 0 });
  await rig.expectTables(bytes);
});

test('a switch that reads 1 KB a second gets everything, and liveness is not lost over it', async ({ rig }) => {
  rig.fake.script = { bytesPerSecond: 1024 };
  const bytes = batchOf({ owners: 20 });
  expect(await rig.ready(bytes)).toMatchObject({ added: 20 });
  expect(rig.downReasons).toEqual([]);
  await rig.expectTables(bytes);
});

test('what a slow switch has not read is not composed, and of two batches the later is what it ends with', async ({
  rig,
}) => {
  await rig.ready(batchOf({ owners: 1 }));
  rig.fake.script = { bytesPerSecond: 1024 };
  const large = rig.commit(batchOf({ owners: 20_000 }));
  await until('it is under way', async () => (await rig.engine.stats()).bundlesInFlight > 0);
  const other = rig.commit(batchOf({ owners: 20_000, ofport: 2 }));
  // A socket's buffer and the low-water mark, not all of it.
  expect((await rig.engine.stats()).messagesSent).toBeLessThan(10_000);
  rig.fake.script = {};
  await Promise.all([large, other]);
  await rig.expectTables(batchOf({ owners: 20_000, ofport: 2 }));
});

test('every answer comes twice', async ({ rig }) => {
  rig.fake.script = { onReply: (reply) => [reply, reply] };
  await rig.ready(batchOf({ owners: 1200, groups: true }));
  const next = batchOf({ owners: 1200, ofport: 3 });
  expect(await rig.commit(next, { full: true })).toMatchObject({ quarantined: [] });
  rig.fake.dropAll();
  await until('it is read back', () => rig.of('resynced').length === 2);
  await rig.expectTables(next);
  expect(await rig.engine.readSwitch()).not.toHaveLength(0);
});

test('messages that nobody asked for are passed over', async ({ rig }) => {
  const stray = [
    frame(type.packetIn, 0, Buffer.alloc(60_000)),
    frame(type.portStatus, 0, Buffer.alloc(80)),
    frame(type.flowRemoved, 0, Buffer.alloc(3)),
    frame(4, 0, Buffer.alloc(8)),
    frame(77, 0, Buffer.alloc(11)),
    frame(255, 0xffff_ffff),
    frame(type.hello, 9),
    frame(type.barrierReply, 0),
    frame(type.barrierReply, 0x7fff_ffff),
    frame(type.echoReply, 5, Buffer.from('x')),
    frame(type.bundleControl, 0, Buffer.from('0000000100050003', 'hex')),
    frame(type.bundleControl, 3, Buffer.from('00', 'hex')),
    frame(type.multipartReply, 0),
    multipartReply(0, multipart.flowDesc, false, []),
    multipartReply(0x7000_0000, 999, true, [Buffer.alloc(40)]),
    error(0, refusal.badPort),
    error(0x7000_0000, refusal.messageFailed),
    frame(type.error, 0, Buffer.alloc(1)),
    frame(type.featuresReply, 1, Buffer.alloc(24)),
    frame(type.barrierReply, 1, Buffer.alloc(0), 4),
  ];
  // Before the features are answered an error ends the handshake, as it should.
  const handshake: number[] = [type.hello, type.featuresReply];
  rig.fake.script = {
    onReply: (reply) => (handshake.includes(reply.readUInt8(1)) ? [reply] : [...stray, reply, ...stray]),
  };
  const bytes = batchOf({ owners: 300, groups: true });
  expect(await rig.ready(bytes)).toMatchObject({ quarantined: [] });
  await rig.commit(nothingOf(1, 2, 3));
  expect(rig.downReasons).toEqual([]);
  expect(rig.fake.tables.flows.size).toBe(297);
});

test.for([
  ['shorter than its own header', Buffer.from('0615000400000001', 'hex')],
  ['of length 0', Buffer.from('0615000000000001', 'hex')],
] as const)(
  'a message %s: the stream is left with that reason, and all is well on the next',
  async ([, garbage], { rig }) => {
    const bytes = batchOf({ owners: 100 });
    rig.fake.script = onFirst(
      1,
      (message) => message.type === type.barrierRequest,
      (_, peer) => {
        peer.sendRaw(garbage);
        return true;
      },
    );
    await rig.ready(bytes);
    expect(rig.downReasons).toEqual([
      expect.stringMatching(/^the switch sent a message of length \d, less than its own/),
    ]);
    await rig.expectTables(bytes);
  },
);

test('a length that promises what never comes: nothing is believed, and the next connection mends it', async ({
  rig,
}) => {
  const bytes = batchOf({ owners: 100 });
  rig.fake.script = onFirst(
    1,
    (message) => message.type === type.barrierRequest,
    (message, peer) => {
      peer.sendRaw(Buffer.from('0677ffff00000001', 'hex')); // swallows the answers that follow
      peer.handle(message);
      return true;
    },
  );
  rig.connect();
  const pending = rig.commit(bytes, { full: true });
  await until('the barrier was answered', () => rig.fake.log.includes('barrier'));
  expect(await rig.engine.stats()).toMatchObject({ pendingCommits: 1, bundlesInFlight: 1, confirmed: 0 });
  expect(rig.fake.log).not.toContain('commit');
  rig.fake.dropAll();
  await pending;
  await rig.expectTables(bytes);
});

test.for([
  ['barrier', type.barrierRequest],
  ['COMMIT', type.bundleControl],
] as const)(
  'a %s that is never answered: the commit stays open and says so, until the connection ends',
  async ([, which], { rig }) => {
    await rig.ready(batchOf({ owners: 5 }));
    let isMute = false;
    rig.fake.script = {
      onMessage: (message, peer) => {
        if (message.type !== which || (which === type.bundleControl && !isControl(message, control.commit)))
          return false;
        isMute = true; // it is done, but nobody is told
        peer.handle(message);
        isMute = false;
        return true;
      },
      onReply: (reply) => (isMute ? [] : [reply]),
    };
    const bytes = batchOf({ owners: 200, ofport: 2 });
    const pending = rig.commit(bytes);
    await until('it was received', () => rig.fake.log.filter((name) => name === 'barrier').length > 1);
    await until('it hangs', async () => (await rig.engine.stats()).pendingCommits === 1);
    expect(await rig.engine.stats()).toMatchObject({ state: 'synced', bundlesInFlight: 1 });
    // Another commit is taken in meanwhile, and is not said to be done either.
    const more = rig.commit(batchOf({ owners: 210, ofport: 3 }));
    expect((await rig.engine.stats()).pendingCommits).toBe(2);
    rig.fake.script = {};
    rig.fake.dropAll();
    await Promise.all([pending, more]);
    await rig.expectTables(batchOf({ owners: 210, ofport: 3 }));
  },
);

test('closing the engine with all of this under way rejects what is open', async ({ rig }) => {
  rig.fake.script = { onMessage: (message) => message.type === type.barrierRequest };
  rig.connect();
  const pending = rig.commit(batchOf({ owners: 5000 }), { full: true });
  const refused = expect(pending).rejects.toMatchObject({ code: 'closed' });
  await until('it is under way', () => rig.fake.log.includes('add'));
  await rig.engine.close();
  await refused;
});
