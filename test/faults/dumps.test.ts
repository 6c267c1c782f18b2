/** Reading the switch back: parts that come mixed, tables that change meanwhile, dumps that are cut, refused or wrong. */
import { expect } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { batchOf } from './desired.js';
import type { Peer } from './fake-switch.js';
import { onFirst } from './faults.js';
import { test, type Rig } from './rig.js';
import { multipart, multipartReply, refusal, type, type Message } from './wire.js';

const isDump = (message: Message, kind: number): boolean =>
  message.type === type.multipartRequest && message.bytes.readUInt16BE(8) === kind;

async function reconnected(rig: Rig): Promise<void> {
  const { length } = rig.of('resynced');
  rig.fake.dropAll();
  await until('it is read back', () => rig.of('resynced').length > length);
}

test('parts of several dumps come mixed, with other messages between them', async ({ rig }) => {
  const bytes = batchOf({ owners: 400, groups: true });
  await rig.ready(bytes);
  const held: Message[] = [];
  rig.fake.script = {
    onMessage: (message, peer) => {
      const besides = isDump(message, multipart.portDesc) || isDump(message, multipart.table);
      if (message.type !== type.multipartRequest || besides) return false;
      held.push(message);
      if (held.length < 3) return true;
      const queues = held.splice(0).map((each) => peer.parts(each));
      while (queues.some((queue) => queue.length > 0)) {
        for (const queue of queues) {
          const part = queue.shift();
          if (part) peer.sendRaw(part);
        }
      }
      return true;
    },
  };
  await reconnected(rig);
  expect(rig.of('resynced').at(-1)).toMatchObject({ flowsRead: 400, groupsRead: 400, sent: 0, foreign: 0 });
  await rig.expectTables(bytes);
});

test('two dumps for callers and a read-back at once each get what is theirs', async ({ rig }) => {
  await rig.ready(batchOf({ owners: 300 }));
  rig.engine.resync();
  const [all, one] = await Promise.all([rig.engine.readSwitch(), rig.engine.readSwitch({ table: 1 })]);
  expect(all.length).toBe(one.length * 3);
  await until('it is read back', () => rig.of('resynced').length === 2);
  expect(rig.of('resynced').at(-1)).toMatchObject({ flowsRead: 300, sent: 0 });
});

/** Lets somebody change the tables between two parts of the flow dump. */
function changeBetweenParts(change: () => void): (message: Message, peer: Peer) => boolean {
  return (message, peer) => {
    const parts = peer.parts(message);
    for (const [i, part] of parts.entries()) {
      if (i === 2) change();
      peer.sendRaw(part);
    }
    return true;
  };
}

test('flows that come and go during a dump: what it saw is mended now, the rest at the next', async ({ rig }) => {
  const bytes = batchOf({ owners: 400 });
  await rig.ready(bytes);
  rig.fake.tables.plant(7001);
  const { flows } = rig.fake.tables;
  rig.fake.script = onFirst(
    1,
    (message) => isDump(message, multipart.flowDesc),
    changeBetweenParts(() => {
      flows.delete([...flows.keys()][0] ?? ''); // told of already
      rig.fake.tables.plant(7002); // too late to be told of
    }),
  );
  await reconnected(rig);
  expect(rig.of('resynced').at(-1)).toMatchObject({ foreign: 1 });
  rig.engine.resync();
  await until('it is read back once more', () => rig.of('resynced').length === 3);
  expect(rig.of('resynced').at(-1)).toMatchObject({ foreign: 1, sent: 2 });
  await rig.expectTables(bytes);
});

test('others’ flows that time out by themselves are left alone', async ({ rig }) => {
  rig.fake.tables.plant(7001, { idleTimeoutSec: 60 });
  await rig.ready(batchOf({ owners: 3 }));
  expect(rig.fake.tables.flows.size).toBe(4);
});

test.for([
  ['ends inside an entry', (part: Buffer) => part.subarray(0, part.length - 8)],
  [
    'has an entry of length 0',
    (part: Buffer) => Buffer.concat([part.subarray(0, 16), Buffer.alloc(2), part.subarray(18)]),
  ],
  [
    'has a match longer than its entry',
    (part: Buffer) => Buffer.concat([part.subarray(0, 42), Buffer.from('fff0', 'hex'), part.subarray(44)]),
  ],
] as const)('a dump that %s is the base of nothing: it is read again', async ([, spoil], { rig }) => {
  const bytes = batchOf({ owners: 120 });
  await rig.ready(bytes);
  const mods = (): number => rig.fake.log.filter((name) => name === 'add').length;
  const before = mods();
  rig.fake.script = onFirst(
    1,
    (message) => isDump(message, multipart.flowDesc),
    (message, peer) => {
      const spoilt = Buffer.from(spoil(peer.parts(message)[0] ?? Buffer.alloc(0)));
      spoilt.writeUInt16BE(spoilt.length, 2);
      peer.sendRaw(spoilt);
      return true;
    },
  );
  await reconnected(rig);
  expect(rig.downReasons).toContain('the switch sent a dump that does not parse');
  expect(mods()).toBe(before);
  await rig.expectTables(bytes);
});

test('a switch that refuses to dump its flows is left with that reason; without groups it is used', async ({ rig }) => {
  const bytes = batchOf({ owners: 20 });
  await rig.ready(bytes);
  const flowDumps = onFirst(
    1,
    (message) => isDump(message, multipart.flowDesc),
    (message, peer) => {
      peer.refuse(message, refusal.badMultipart);
      return true;
    },
  );
  rig.fake.script = {
    onMessage: (message, peer) => {
      if (!isDump(message, multipart.groupDesc)) return flowDumps.onMessage?.(message, peer) ?? false;
      peer.refuse(message, refusal.badMultipart);
      return true;
    },
  };
  await reconnected(rig);
  expect(rig.downReasons).toContain('the switch refused to dump its flows: OFPBRC_BAD_STAT');
  await rig.expectTables(bytes);
});

test.for(['after the first part', 'at the request'] as const)('closed %s, three times over', async (when, { rig }) => {
  const bytes = batchOf({ owners: 300 });
  await rig.ready(bytes);
  rig.fake.tables.flows.clear();
  rig.fake.script = onFirst(
    3,
    (message) => isDump(message, multipart.flowDesc),
    (message, peer) => {
      if (when === 'after the first part') peer.sendRaw(multipartReply(message.xid, multipart.flowDesc, true, []));
      peer.close();
      return true;
    },
  );
  const next = batchOf({ owners: 300, ofport: 2 });
  rig.fake.dropAll();
  await rig.commit(next);
  await rig.expectTables(next);
});

test('a change made while the dump is under way waits for it and is planned from the truth', async ({ rig }) => {
  await rig.ready(batchOf({ owners: 100 }));
  const held: { message: Message; peer: Peer }[] = [];
  rig.fake.script = onFirst(
    1,
    (message) => isDump(message, multipart.flowDesc),
    (message, peer) => held.push({ message, peer }) > 0,
  );
  rig.fake.dropAll();
  await until('the dump is asked for', () => held.length === 1);
  const next = batchOf({ owners: 100, ofport: 2 });
  const pending = rig.commit(next);
  expect((await rig.engine.stats()).state).toBe('resync');
  for (const { message, peer } of held) peer.dump(message);
  expect(await pending).toMatchObject({ modified: 100 });
  await rig.expectTables(next);
});
