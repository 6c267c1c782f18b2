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
      if (request.method !== 'monitor' || left-- <= 0) return false;
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
  rig.database.script = { onReply: (text) => (text.includes('"update"') ? [] : [text]) };
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
      request.method === 'monitor' ? (client.fail(request, { error: 'unknown database' }), true) : false,
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
      if (request.method !== 'monitor') return false;
      const before = rig.database.root();
      rig.database.nextCfg = 5;
      const update = { id: null, method: 'update', params: [null, rig.database.root()] };
      client.send({ id: request.id, result: before, error: null }, update);
      return true;
    },
  };
  await rig.up();
  await until('the change is in', () => rig.curCfg === 5, { timeoutMs: 1000 });
});
