/** JSON-RPC against a real ovsdb-server: what is asked, what is told, and what happens when it goes away. */
import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JsonRpc, NativeError } from '../../src/native/index.js';
import { startSandbox, until, type Sandbox } from '../../src/sandbox/index.js';

interface Client {
  readonly rpc: JsonRpc;
  readonly heard: string[];
  readonly notified: { method: string; params: unknown }[];
}

const open: JsonRpc[] = [];

function client(remote: string, probeMs = 5000): Client {
  const heard: string[] = [];
  const notified: Client['notified'] = [];
  const rpc = new JsonRpc({
    onUp: () => heard.push('up'),
    onDown: (reason) => heard.push(`down: ${reason}`),
    onNotify: (method, params) => notified.push({ method, params }),
    probeMs,
  });
  open.push(rpc);
  rpc.connect(remote);
  return { rpc, heard, notified };
}

const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof NativeError ? error.code : error),
  );

afterAll(() => {
  for (const rpc of open) rpc.close();
});

describe('with an ovsdb-server', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ datapath: 'dummy' });
  });
  afterAll(() => sandbox.stop());

  test('requests are answered, errors are rejections with the server’s own words', async () => {
    const { rpc, heard } = client(sandbox.remote);
    await until('the stream stands', () => heard.includes('up'));
    expect(await rpc.request('list_dbs', [])).toContain('Open_vSwitch');
    expect(await rpc.request('echo', ['ä', { nested: [1, 'quote " and }'] }])).toEqual([
      'ä',
      { nested: [1, 'quote " and }'] },
    ]);
    const failed = rpc.request('get_schema', ['nope']);
    await expect(failed).rejects.toMatchObject({ code: 'rpc_error', details: { error: 'unknown database' } });
    await expect(failed).rejects.toThrow('get_schema: unknown database: ');
  });

  test('a transaction answers operation by operation', async () => {
    const { rpc, heard } = client(sandbox.remote);
    await until('the stream stands', () => heard.includes('up'));
    const select = { op: 'select', table: 'Open_vSwitch', where: [], columns: ['ovs_version'] };
    const result = await rpc.request('transact', ['Open_vSwitch', select, { op: 'nonsense' }]);
    expect(result).toMatchObject([{ rows: [{}] }, { error: 'syntax error' }]);
  });

  test('a monitor tells of changes made by others', async () => {
    const { rpc, heard, notified } = client(sandbox.remote);
    await until('the stream stands', () => heard.includes('up'));
    const initial = await rpc.request('monitor', ['Open_vSwitch', 'mine', { Bridge: { columns: ['name'] } }]);
    expect(initial).toEqual({});
    await sandbox.vsctl('add-br', 'br-seen', '--', 'set', 'bridge', 'br-seen', 'datapath_type=dummy');
    await until('the update arrives', () => notified.length > 0);
    expect(notified[0]).toMatchObject({ method: 'update', params: ['mine', { Bridge: expect.anything() }] });
    expect(JSON.stringify(notified[0])).toContain('br-seen');
  });

  test('a server that dies rejects what is open and is found again when it is back', async () => {
    const { rpc, heard } = client(sandbox.remote);
    await until('the stream stands', () => heard.includes('up'));
    // `wait` on a condition that never comes true stays unanswered.
    const never = { op: 'wait', table: 'Bridge', where: [], columns: ['name'], until: '==', rows: [{ name: 'x' }] };
    const pending = code(rpc.request('transact', ['Open_vSwitch', never]));
    await sandbox.killOvsdb('SIGKILL');
    expect(await pending).toBe('unavailable');
    expect(heard[1]).toMatch(/^down: /);
    expect(await code(rpc.request('list_dbs', []))).toBe('unavailable');
    await sandbox.startOvsdb();
    await until('the stream stands again', () => heard.at(-1) === 'up');
    expect(await rpc.request('list_dbs', [])).toContain('Open_vSwitch');
  });
});

describe('with a peer of our own', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-rpc-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test('the peer’s echo is answered while JavaScript is busy', async () => {
    const path = join(dir, 'busy.sock');
    const done = new Int32Array(new SharedArrayBuffer(8));
    const peer = new Worker(
      `const { workerData: { path, done }, parentPort } = require('node:worker_threads');
       require('node:net').createServer((socket) => {
         parentPort.postMessage('connected');
         socket.once('data', (bytes) => {
           Atomics.store(done, 1, bytes.includes('"result":["x"]') ? 1 : 0);
           Atomics.store(done, 0, 1);
           Atomics.notify(done, 0);
         });
         parentPort.once('message', () => socket.write('{"method":"echo","id":"e","params":["x"]}'));
       }).listen(path, () => parentPort.postMessage('listening'));`,
      { eval: true, workerData: { path, done } },
    );
    const said: unknown[] = [];
    peer.on('message', (message) => said.push(message));
    try {
      await until('the peer listens', () => said.includes('listening'));
      const { rpc, heard } = client(`unix:${path}`);
      await until('the stream stands', () => said.includes('connected') && heard.includes('up'));
      peer.postMessage('go');
      // This blocks the only JavaScript thread that could answer.
      expect(Atomics.wait(done, 0, 0, 10_000)).not.toBe('timed-out');
      expect(Atomics.load(done, 1)).toBe(1);
      rpc.close();
    } finally {
      await peer.terminate();
    }
  });

  test('a peer that is silent is asked and then left, one that talks nonsense is left at once', async () => {
    const path = join(dir, 'silent.sock');
    let answer = '';
    const server = createServer((socket) => {
      socket.on('error', () => {}).resume();
      if (answer !== '') socket.write(answer);
    });
    await new Promise<void>((resolve) => {
      server.listen(path, resolve);
    });
    const { rpc, heard } = client(`unix:${path}`, 50);
    await until('the silent peer is left', () => heard.includes('down: the peer does not answer'));
    answer = 'HTTP/1.1 400 Bad Request';
    await until('the talking one, too', () => heard.includes('down: the peer does not speak JSON-RPC'));
    rpc.close();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });

  test('a peer that is not there is reported once, and a remote that is none is refused', async () => {
    const { rpc, heard } = client(`unix:${join(dir, 'nobody.sock')}`);
    await until('the failure is reported', () => heard.length > 0);
    expect(heard[0]).toBe('down: No such file or directory');
    expect(() => rpc.connect('http://127.0.0.1')).toThrow(/is not a remote/);
    expect(() => rpc.connect('tcp:localhost:6640')).toThrow(expect.objectContaining({ code: 'invalid_remote' }));
    rpc.close();
    rpc.close();
    expect(() => rpc.connect('unix:/x')).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(await code(rpc.request('echo', []))).toBe('closed');
    expect(heard).toHaveLength(1);
  });
});
