/** How objects of the addon come and go with processes and worker threads. Each case is a process of its own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { addonPath } from '../../src/native/loader.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Runs a module against src/native; kills it (signal SIGKILL in the answer) when it has not ended in time. */
function runs(source: string): Promise<Ended> {
  const text = `import { Engine, JsonRpc } from './src/native/index.ts';
    import { Worker } from 'node:worker_threads';
    const quiet = { onUp() {}, onDown() {}, onNotify() {}, onEvent() {} };
    ${source}`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', text], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (bytes) => (output += String(bytes)));
    child.stderr.on('data', (bytes) => (output += String(bytes)));
    const timer = setTimeout(() => child.kill('SIGKILL'), 25_000);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output });
    });
  });
}

const clean = { code: 0, signal: null };

test('a process ends by itself after close()', async () => {
  const ended = await runs(`
    const engine = new Engine(quiet);
    engine.connect('unix:/nonexistent/br.mgmt');
    const rpc = new JsonRpc(quiet);
    rpc.connect('unix:/nonexistent/db.sock');
    await engine.stats();
    rpc.close();
    await engine.close();
    console.log('closed');`);
  expect(ended).toEqual({ ...clean, output: 'closed\n' });
});

test('an open object keeps the process alive', async () => {
  // A timer that does not count fires only when something else keeps the event loop going.
  const ended = await runs(`
    const engine = new Engine(quiet);
    setTimeout(() => { console.log('still here'); void engine.close(); }, 20).unref();`);
  expect(ended).toEqual({ ...clean, output: 'still here\n' });
});

test('process.exit() with open objects is clean', async () => {
  const ended = await runs(`
    const engine = new Engine(quiet);
    engine.connect('unix:/nonexistent/br.mgmt');
    void engine.commit(new Uint8Array(0), { full: true });
    new JsonRpc(quiet).connect('unix:/nonexistent/db.sock');
    await engine.stats();
    process.exit(0);`);
  expect(ended).toEqual({ ...clean, output: '' });
});

test('promises that are open at close() are rejected with `closed`', async () => {
  const ended = await runs(`
    const engine = new Engine(quiet);
    const commit = engine.commit(new Uint8Array(0), { full: true }).catch((error) => error.code);
    await engine.close();
    console.log(await commit);`);
  expect(ended).toEqual({ ...clean, output: 'closed\n' });
});

test('workers may be terminated at any moment, with everything open', async () => {
  const ended = await runs(`
    const worker = \`
      const { Engine, JsonRpc } = require('${addonPath}');
      const deliver = () => {};
      for (let i = 0; i < 5; i++) {
        new Engine(deliver).connect('unix:/nonexistent/' + i);
        const rpc = new JsonRpc(deliver, 5000);
        rpc.connect('unix:/nonexistent/' + i);
        if (i % 2 === 0) rpc.close();
      }
      require('node:worker_threads').parentPort.postMessage('up');
    \`;
    const rpc = new JsonRpc(quiet);
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 4 }, async () => {
        const thread = new Worker(worker, { eval: true, execArgv: [] });
        await new Promise((resolve) => thread.once('message', resolve));
        await thread.terminate();
      }));
    }
    console.log(await rpc.request('echo', []).catch((error) => error.code));
    rpc.close();`);
  expect(ended).toEqual({ ...clean, output: 'unavailable\n' });
});

test('what a callback throws is an uncaught exception, and the next event still comes', async () => {
  const ended = await runs(`
    process.on('uncaughtException', (error) => console.log('caught ' + error.message));
    let told;
    const down = () => new Promise((resolve) => (told = resolve));
    const rpc = new JsonRpc({ ...quiet, onDown(reason) { told(); throw new Error(reason); } });
    for (const name of ['a', 'b']) {
      const heard = down();
      rpc.connect('unix:/nonexistent/' + name);
      await heard;
    }
    rpc.close();`);
  expect(ended).toEqual({ ...clean, output: 'caught No such file or directory\n'.repeat(2) });
});

test('threads and descriptors are given back', async () => {
  const ended = await runs(`
    import { readdirSync } from 'node:fs';
    const count = (what) => readdirSync('/proc/self/' + what).length;
    const cycle = async () => {
      const engine = new Engine(quiet);
      engine.connect('unix:/nonexistent/a');
      await engine.stats();
      await engine.close();
    };
    await cycle();
    const before = [count('fd'), count('task')];
    for (let i = 0; i < 50; i++) await cycle();
    console.log(JSON.stringify(before) === JSON.stringify([count('fd'), count('task')]));`);
  expect(ended).toEqual({ ...clean, output: 'true\n' });
});
