/** The database client of src/datapath with a server that hangs up, refuses, and says things at once. */
import { expect, test as base } from 'vitest';
import { Ovsdb } from '../../src/datapath/ovsdb/client.js';
import { until } from '../../src/sandbox/index.js';
import { FakeDatabase } from './fake-ovsdb.js';
import { openSockets, untilQuiet } from './rig.js';

class Rig {
  readonly database: FakeDatabase;
  readonly heard: string[] = [];
  readonly ovsdb: Ovsdb;

  constructor(database: FakeDatabase) {
    this.database = database;
    this.ovsdb = new Ovsdb({
      up: () => this.heard.push('up'),
      down: (reason) => this.heard.push(`down: ${reason}`),
      waiting: () => this.heard.push('waiting'),
      changed: () => {},
    });
  }

  async up(): Promise<void> {
    this.ovsdb.connect(this.database.remote);
    await until('the first rows are there', () => this.heard.at(-1) === 'up');
  }

  get curCfg(): unknown {
    return this.ovsdb.rows.root()?.row['cur_cfg'];
  }
}

const test = base.extend<{ rig: Rig }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern which fixtures this one needs: none
  rig: async ({}, use) => {
    const sockets = openSockets();
    const rig = new Rig(await FakeDatabase.start());
    await use(rig);
    await untilQuiet();
    rig.ovsdb.close();
    await rig.database.stop();
    await until('all sockets are closed', () => openSockets() <= sockets);
  },
});

const change = [{ op: 'mutate' }, { op: 'select' }];

test('a change is done when vswitchd has acted on it', async ({ rig }) => {
  await rig.up();
  await rig.ovsdb.apply(change);
  expect(rig.curCfg).toBe(1);
});

test('closed in the middle of the monitor’s answer, three times over: up with all rows at the end', async ({ rig }) => {
  let left = 3;
  rig.database.script = {
    onRequest: (request, client) => {
      if (request.method !== 'monitor_cond_since' || left-- <= 0) return false;
      client.sendRaw(`{"id":${String(request.id)},"result":{"Open_vSwitch":{"0000`);
      setImmediate(() => client.close());
      return true;
    },
  };
  await rig.up();
  expect(rig.curCfg).toBe(0);
  expect(rig.heard.filter((word) => word === 'up')).toHaveLength(1);
});

test('a change whose answer never comes fails when the stream ends, not before and not later', async ({ rig }) => {
  await rig.up();
  rig.database.script = {
    onRequest: (request, client) => (request.method === 'transact' ? (client.close(), true) : false),
  };
  await expect(rig.ovsdb.apply(change)).rejects.toThrow('closed by the peer');
  rig.database.script = {};
  await until('it is back', () => rig.heard.at(-1) === 'up');
  await rig.ovsdb.apply(change);
});

test('vswitchd never acts, and then the stream ends: the change fails', async ({ rig }) => {
  await rig.up();
  rig.database.script = { onReply: (text) => (text.includes('"update3"') ? [] : [text]) };
  const pending = rig.ovsdb.apply(change);
  const refused = expect(pending).rejects.toThrow('closed by the peer');
  await until('it was taken', () => rig.database.nextCfg === 1);
  await untilQuiet();
  rig.database.dropAll();
  await refused;
});

test('one operation refused: its words are the error', async ({ rig }) => {
  await rig.up();
  rig.database.script = {
    onRequest: (request, client) => {
      if (request.method !== 'transact') return false;
      client.reply(request, [{ count: 1 }, { error: 'constraint violation', details: 'no such port' }, null]);
      return true;
    },
  };
  await expect(rig.ovsdb.apply(change)).rejects.toThrow('refused the change: constraint violation: no such port');
});

test('a refused monitor is said with the server’s words', async ({ rig }) => {
  rig.database.script = {
    onRequest: (request, client) =>
      request.method === 'monitor_cond_since' ? (client.fail(request, { error: 'unknown database' }), true) : false,
  };
  rig.ovsdb.connect(rig.database.remote);
  await until('it is said', () => rig.heard.length > 0);
  expect(rig.heard[0]).toContain('unknown database');
  expect(rig.ovsdb.connected).toBe(false);
  rig.database.script = {};
  rig.database.dropAll();
  await until('it is used', () => rig.heard.at(-1) === 'up');
});

test('a change right behind the monitor’s answer is not lost', async ({ rig }) => {
  rig.database.script = {
    onRequest: (request, client) => {
      if (request.method !== 'monitor_cond_since') return false;
      const [, id] = request.params;
      const { lastId } = rig.database;
      const before = rig.database.root2();
      rig.database.nextCfg = 5;
      const update = { id: null, method: 'update3', params: [id, rig.database.lastId, rig.database.root2()] };
      client.send({ id: request.id, result: [false, lastId, before], error: null }, update);
      return true;
    },
  };
  await rig.up();
  await until('the change is in', () => rig.curCfg === 5, { timeoutMs: 1000 });
});

test('a server of before 2.12, without monitor_cond_since, is followed all the same', async ({ rig }) => {
  rig.database.hasSince = false;
  await rig.up();
  await rig.ovsdb.apply(change);
  expect(rig.curCfg).toBe(1);
});

test('after a lost stream it asks for what came since the last transaction that it saw', async ({ rig }) => {
  await rig.up();
  await rig.ovsdb.apply(change);
  const { lastId } = rig.database;
  rig.database.dropAll();
  await until('it is back', () => rig.heard.filter((word) => word === 'up').length === 2);
  expect(rig.database.since).toEqual(['00000000-0000-0000-0000-000000000000', lastId]);
  expect(rig.curCfg).toBe(1);
});

test('an update that makes no sense: everything is asked for anew, under another name', async ({ rig }) => {
  await rig.up();
  const stranger = { Interface: { '00000000-0000-4000-8000-000000000009': { modify: { ofport: 3 } } } };
  rig.database.notify('update3', 'sluice-1', rig.database.lastId, stranger);
  await until('it asked again', () => rig.database.since.length === 2);
  expect(rig.database.since[1]).toBe('00000000-0000-0000-0000-000000000000');
  await rig.ovsdb.apply(change);
  // What the first monitor still says is late.
  rig.database.notify('update3', 'sluice-1', rig.database.lastId, stranger);
  await rig.ovsdb.apply(change);
  expect(rig.database.since).toHaveLength(2);
});

test('the lock: up only with it, waiting without, and every change asserts it', async ({ rig }) => {
  rig.database.lockTaken = true;
  const asserted: unknown[] = [];
  rig.database.script = {
    onRequest: ({ method, params }) => {
      if (method === 'transact') asserted.push(params[1]);
      return false;
    },
  };
  rig.ovsdb.connect(rig.database.remote, 'sluice_br');
  await until('it waits', () => rig.heard.at(-1) === 'waiting');
  expect(rig.ovsdb.locked).toBe(false);
  rig.database.notify('locked', 'another');
  rig.database.notify('locked', 'sluice_br');
  await until('it has the lock', () => rig.heard.at(-1) === 'up');
  await rig.ovsdb.apply(change);
  expect(asserted).toEqual([{ op: 'assert', lock: 'sluice_br' }]);
  rig.database.notify('stolen', 'sluice_br');
  await until('it has lost it', () => rig.heard.at(-1) === 'waiting');
});
