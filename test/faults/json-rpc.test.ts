/** JSON-RPC with a server that halves, doubles, garbles, forgets and hangs up. */
import { expect, test as base } from 'vitest';
import { JsonRpc, NativeError } from '../../src/native/index.js';
import { until } from '../../src/sandbox/index.js';
import { FakeDatabase } from './fake-ovsdb.js';
import { openSockets, untilQuiet } from './rig.js';

class Rig {
  readonly database: FakeDatabase;
  readonly heard: string[] = [];
  readonly notified: unknown[] = [];
  readonly rpc: JsonRpc;

  constructor(database: FakeDatabase, probeMs: number) {
    this.database = database;
    this.rpc = new JsonRpc({
      onUp: () => this.heard.push('up'),
      onDown: (reason) => this.heard.push(`down: ${reason}`),
      onNotify: (method, params) => this.notified.push({ method, params }),
      probeMs,
    });
  }

  async up(): Promise<void> {
    this.rpc.connect(this.database.remote);
    await until('the stream stands', () => this.heard.at(-1) === 'up');
  }
}

const test = base.extend<{ probeMs: number; rig: Rig }>({
  probeMs: 5000,
  rig: async ({ probeMs }, use) => {
    const sockets = openSockets();
    const rig = new Rig(await FakeDatabase.start(), probeMs);
    await use(rig);
    await untilQuiet();
    rig.rpc.close();
    await rig.database.stop();
    await until('all sockets are closed', () => openSockets() <= sockets);
  },
});

const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (result) => result,
    (error: unknown) => (error instanceof NativeError ? error.code : error),
  );

test('messages come byte by byte, in a burst, with white space and brackets in strings', async ({ rig }) => {
  await rig.up();
  const echo = ['}{"[', '\\"', 'ä€😀', { deep: [[[1]]] }];
  rig.database.script = {
    onReply: (text) => [...Buffer.from(text, 'latin1')].map((byte) => String.fromCharCode(byte)),
  };
  expect(await rig.rpc.request('echo', ['plain', { n: 1 }])).toEqual(['plain', { n: 1 }]);
  rig.database.script = {
    onRequest: (request, client) => (
      client.sendRaw(`\n\t ${JSON.stringify({ result: echo, error: null, id: request.id })}\r\n`),
      true
    ),
  };
  const many = Array.from({ length: 200 }, () => rig.rpc.request('echo', []));
  expect(await Promise.all(many)).toEqual(many.map(() => echo));
});

test('every answer twice, answers to nobody, with odd ids or none, change nothing', async ({ rig }) => {
  await rig.up();
  const stray = [
    '{"id":999,"result":1,"error":null}',
    '{"id":"x","result":1,"error":null}',
    '{"id":null,"result":1}',
    '{}',
    '{"id":1.5}',
    '{"id":-1}',
  ];
  rig.database.script = { onReply: (text) => [...stray, text, text, ...stray] };
  for (let n = 0; n < 20; ++n) expect(await rig.rpc.request('echo', [n])).toEqual([n]);
  expect(rig.heard).toEqual(['up']);
});

test.for([
  ['text that is no JSON', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['an array', '[1,2]'],
  ['a brace too many', '{}}'],
  ['nesting without an end', '{"a":'.repeat(1_200)],
  ['an object whose members are none', '{1:2}'],
] as const)('%s: the stream is left with that reason, what is open is rejected', async ([, garbage], { rig }) => {
  await rig.up();
  rig.database.script = { onRequest: (_, client) => (client.sendRaw(garbage), true) };
  expect(await outcome(rig.rpc.request('list_dbs', []))).toBe('unavailable');
  expect(rig.heard).toEqual(['up', 'down: the peer does not speak JSON-RPC']);
  rig.database.script = {};
  await until('it stands again', () => rig.heard.at(-1) === 'up');
  expect(await rig.rpc.request('echo', [1])).toEqual([1]);
});

test('a result between right brackets that is no JSON fails that request alone', async ({ rig }) => {
  await rig.up();
  rig.database.script = {
    onRequest: (request, client) => (client.sendRaw(`{"id":${String(request.id)},"result":[no,sense]}`), true),
  };
  expect(await outcome(rig.rpc.request('list_dbs', []))).toBe('internal');
  rig.database.script = {};
  expect(await rig.rpc.request('echo', [1])).toEqual([1]);
});

test('a notification that is no JSON: the stream is begun anew, since what it said is lost', async ({ rig }) => {
  await rig.up();
  rig.database.script = {
    onRequest: (_, client) => (client.sendRaw('{"method":"update","params":[no,sense],"id":null}'), true),
  };
  expect(await outcome(rig.rpc.request('list_dbs', []))).toBe('unavailable');
  rig.database.script = {};
  await until('it stands again', () => rig.heard.at(-1) === 'up' && rig.heard.length > 1);
  expect(rig.heard).toContain('down: the peer sent what is not JSON');
  expect(await rig.rpc.request('echo', [1])).toEqual([1]);
  expect(rig.notified).toEqual([]);
});

test('half an answer and the end of the stream: rejected, and the half does not spoil the next stream', async ({
  rig,
}) => {
  await rig.up();
  rig.database.script = {
    onRequest: (request, client) => {
      client.sendRaw(`{"id":${String(request.id)},"result":["half`);
      setImmediate(() => client.close());
      return true;
    },
  };
  const open = [rig.rpc.request('a', []), rig.rpc.request('b', [])];
  expect(await Promise.all(open.map(outcome))).toEqual(['unavailable', 'unavailable']);
  rig.database.script = {};
  await until('it stands again', () => rig.heard.length === 3);
  expect(await rig.rpc.request('echo', ['whole'])).toEqual(['whole']);
});

test('errors of every shape are rejections with the server’s words', async ({ rig }) => {
  await rig.up();
  for (const error of [
    'plain',
    { error: 'constraint violation', details: 'why' },
    { error: 'x' },
    17,
    ['list'],
    true,
  ]) {
    rig.database.script = { onRequest: (request, client) => (client.fail(request, error), true) };
    await expect(rig.rpc.request('transact', [])).rejects.toMatchObject({ code: 'rpc_error', details: error });
  }
});

test('a server that calls us: echo is answered, anything else refused', async ({ rig }) => {
  const answers: string[] = [];
  await rig.up();
  rig.database.script = {
    onRequest: (request, client) => {
      client.sendRaw('{"id":"e","method":"echo","params":["x"]}{"id":[7],"method":"steal","params":[]}');
      client.handle(request);
      return true;
    },
  };
  rig.database.onAnswer = (text) => answers.push(text);
  await rig.rpc.request('echo', []);
  await until('both are answered', () => answers.length === 2);
  expect(answers).toEqual([
    '{"id":"e","result":["x"],"error":null}',
    '{"id":[7],"result":null,"error":"unknown method"}',
  ]);
});

test.describe('with a short patience', () => {
  test.override({ probeMs: 100 });

  test('a server that never answers anything is left, and what is open is rejected', async ({ rig }) => {
    await rig.up();
    rig.database.script = { onRequest: () => true };
    expect(await outcome(rig.rpc.request('list_dbs', []))).toBe('unavailable');
    expect(rig.heard[1]).toBe('down: the peer does not answer');
    rig.database.script = {};
    await until('it stands again', () => rig.heard.at(-1) === 'up');
  });

  test('one that answers echoes but not the request is kept: the request is just slow', async ({ rig }) => {
    await rig.up();
    let answer = (): void => {};
    let echoes = 0;
    rig.database.script = {
      onRequest: (request, client) => {
        if (request.method === 'echo') return ++echoes < 0;
        answer = () => client.reply(request, 'late');
        return true;
      },
    };
    const pending = rig.rpc.request('slow', []);
    await until('it is asked', () => echoes >= 3);
    expect(rig.heard).toEqual(['up']);
    answer();
    expect(await pending).toBe('late');
  });
});
