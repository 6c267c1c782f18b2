/** Before the session stands: the wrong version, no hello, half a hello, and doors that close at once. */
import { expect } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { batchOf } from './desired.js';
import type { Peer } from './fake-switch.js';
import { test } from './rig.js';
import { error, frame, hello, type } from './wire.js';

test('a bridge without OpenFlow 1.5: the reason says what to do, once; it is used when it can', async ({ rig }) => {
  rig.fake.versions = [1, 4];
  rig.connect();
  const bytes = batchOf({ owners: 10 });
  const pending = rig.commit(bytes, { full: true });
  await until('it is tried again and again', () => rig.fake.connections >= 4);
  expect(rig.downReasons).toEqual([
    expect.stringMatching(/does not speak OpenFlow 1\.5 \(it speaks OpenFlow10, OpenFlow13\); add OpenFlow15 to/),
  ]);
  expect((await rig.engine.stats()).pendingCommits).toBe(1);
  rig.fake.versions = [1, 4, 6];
  await pending;
  await rig.expectTables(bytes);
});

test('a hello that never comes: connecting, without a word and without work; a late one is good', async ({ rig }) => {
  const silent: Peer[] = [];
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (message.type === type.hello && message.xid === 1 && !silent.includes(peer)) return silent.push(peer) > 0;
      return false;
    },
  };
  rig.connect();
  const bytes = batchOf({ owners: 10 });
  const pending = rig.commit(bytes, { full: true });
  await until('it is connected', () => silent.length === 1);
  expect((await rig.engine.stats()).state).toBe('connecting');
  expect(rig.events).toEqual([]);
  rig.fake.script = {};
  silent[0]?.sendRaw(hello(1, [6]));
  await pending;
  await rig.expectTables(bytes);
});

test.for([
  [
    'an error that says the hello failed',
    error(1, { type: 0, code: 0 }),
    /does not speak OpenFlow 1\.5; add OpenFlow15/,
  ],
  ['another error', error(1, { type: 1, code: 5 }), /^the switch refused the connection: OFPBRC_EPERM$/],
  ['an error of one byte', frame(type.error, 1, Buffer.alloc(1)), /error that does not parse/],
  ['a length that cannot be', Buffer.from('0600000300000000', 'hex'), /length 3, less than its own header/],
] as const)('%s instead of a hello', async ([, bytes, reason], { rig }) => {
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (message.type !== type.hello) return false;
      peer.sendRaw(bytes);
      return true;
    },
  };
  rig.connect();
  await until('it is said', () => rig.downReasons.length > 0);
  expect(rig.downReasons[0]).toMatch(reason);
  rig.fake.script = {};
  await rig.commit(batchOf({ owners: 3 }), { full: true });
});

test.for([
  ['too short', frame(type.featuresReply, 2, Buffer.alloc(5))],
  ['an error', error(2, { type: 1, code: 1 })],
] as const)('a features reply that is %s', async ([, reply], { rig }) => {
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (message.type !== type.featuresRequest) return false;
      peer.sendRaw(reply);
      return true;
    },
  };
  rig.connect();
  await until('it is said', () => rig.downReasons.length > 0);
  expect(rig.downReasons[0]).toMatch(/features reply that does not parse|refused the connection: OFPBRC_BAD_TYPE/);
  rig.fake.script = {};
  await rig.commit(batchOf({ owners: 3 }), { full: true });
});

test('echoes before the features, hellos with odd elements, and what a switch says too early', async ({ rig }) => {
  const odd = Buffer.from('00070005ab0000000001000800000052', 'hex');
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (message.type !== type.hello || message.xid !== 1) return false;
      peer.sendRaw(frame(type.portStatus, 0, Buffer.alloc(80)));
      peer.sendRaw(frame(type.hello, 1, odd));
      peer.sendRaw(frame(type.echoRequest, 44, Buffer.from('early')));
      return true;
    },
  };
  const bytes = batchOf({ owners: 3 });
  await rig.ready(bytes);
  await rig.expectTables(bytes);
});

test('a door that closes at once, again and again, costs no socket and no memory', async ({ rig }) => {
  rig.fake.script = {
    onMessage: (_, peer) => {
      peer.close();
      return true;
    },
  };
  rig.connect();
  await until('it is tried', () => rig.fake.connections >= 5);
  // Said when it changes, not at every attempt.
  expect(rig.downReasons.filter((reason, i, all) => reason === all[i - 1])).toEqual([]);
  rig.fake.script = {};
  await rig.commit(batchOf({ owners: 3 }), { full: true });
});
