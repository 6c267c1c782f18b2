/** The room's codes are public names: src/datapath tells them apart. */
import { expect, test } from 'vitest';
import { Engine, JsonRpc, nativeErrorCodes } from '../../src/native/index.js';
import { load } from '../../src/native/loader.js';

test('the codes are pinned', () => {
  expect(Object.keys(nativeErrorCodes)).toEqual([
    'addon_missing',
    'invalid_argument',
    'invalid_remote',
    'malformed_batch',
    'refused',
    'unavailable',
    'incompatible',
    'rpc_error',
    'timeout',
    'closed',
    'internal',
  ]);
});

test('an addon that is not built says how to build it', () => {
  const missing = expect.objectContaining({ code: 'addon_missing', message: expect.stringContaining('npm run build') });
  expect(() => load('/nonexistent/sluice.node')).toThrow(missing);
});

test('wrong arguments are named, and take nothing down', async () => {
  const engine = new Engine({ onEvent: () => {} });
  const wrong = { code: 'invalid_argument' };
  // @ts-expect-error: what TypeScript refuses may still come from elsewhere
  await expect(engine.commit('text')).rejects.toMatchObject(wrong);
  // @ts-expect-error: no such mode
  await expect(engine.commit(new Uint8Array(0), { mode: 'later' })).rejects.toMatchObject(wrong);
  await expect(engine.flows({ owner: -1 })).rejects.toMatchObject(wrong);
  await expect(engine.flows({ table: 255 })).rejects.toMatchObject(wrong);
  await expect(engine.owners(2 ** 32)).rejects.toMatchObject(wrong);
  // @ts-expect-error: no text
  expect(() => engine.connect(7)).toThrow(expect.objectContaining({ code: 'invalid_remote' }));
  expect((await engine.stats()).state).toBe('down');
  await engine.close();
  await engine.close();
  await expect(engine.stats()).rejects.toMatchObject({ code: 'closed' });

  const rpc = new JsonRpc({ onUp: () => {}, onDown: () => {}, onNotify: () => {}, probeMs: 0 });
  const circular: unknown[] = [];
  circular.push(circular);
  await expect(rpc.request('echo', circular)).rejects.toMatchObject({ code: 'internal' });
  rpc.close();
});
