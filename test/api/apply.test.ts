/** Many objects in one request: all or nothing, JSON or NDJSON, large, rehearsed, abandoned. */
import { request } from 'node:http';
import { beforeEach, describe, expect, test } from 'vitest';
import type { FastifyInstance } from 'fastify';
import { parseJson } from '../../src/api/json.js';
import { SluiceError } from '../../src/model/errors.js';
import { buildTestApi, host, serveTestApi } from './support.js';
import type { TestController } from './support.js';

let app: FastifyInstance;
let controller: TestController;

beforeEach(() => {
  ({ app, controller } = buildTestApi());
});

const apply = (payload: object, query = '') => app.inject({ method: 'POST', url: `/v1/apply${query}`, payload });

const post = (type: string, payload: string) =>
  app.inject({ method: 'POST', url: '/v1/apply', payload, headers: { 'content-type': type } });

describe('a good request', () => {
  test('is answered with what it changed', async () => {
    const answer = await apply({ objects: host });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      generation: 1,
      level: 'committed',
      created: 7,
      updated: 0,
      deleted: 0,
      unchanged: 0,
      commit: { added: 12, modified: 1, deleted: 0, messages: 16, compileUs: 240, commitUs: 3100 },
      attention: [],
    });
    expect((await apply({ objects: host })).json()).toMatchObject({ generation: 1, created: 0, unchanged: 7 });
  });

  test('may come in any order, as NDJSON, and delete in three spellings', async () => {
    const lines = host.toReversed().map((object) => JSON.stringify(object));
    expect((await post('application/x-ndjson', `${lines.join('\n\n')}\n`)).json()).toMatchObject({ created: 7 });
    const deleted = await apply({
      delete: [
        'endpoint/web-1',
        { kind: 'rule', key: 'blue/app-policy/10' },
        { kind: 'group', tenant: 'blue', name: 'app' },
      ],
    });
    expect(deleted.json()).toMatchObject({ deleted: 3 });
  });

  test('level and cascade are passed on', async () => {
    await apply({ objects: host }, '?level=accepted');
    await apply({ delete: ['tenant/blue'] }, '?cascade=true&level=effective');
    expect(controller.asked).toEqual([
      { level: 'accepted', cascade: false },
      { level: 'effective', cascade: true },
    ]);
    expect(controller.state.endpoints.size).toBe(0);
  });

  test('objects that are not in place are listed', async () => {
    controller.statuses.set('endpoint/web-1', { state: 'waiting', waitingFor: 'interface veth-web-1' });
    expect((await apply({ objects: host })).json().attention).toEqual([
      {
        ref: { kind: 'endpoint', key: 'web-1' },
        status: { generation: 1, state: 'waiting', waitingFor: 'interface veth-web-1', problems: [], flows: 3 },
      },
    ]);
  });

  test('100,000 endpoints pass through in seconds', { timeout: 60_000 }, async () => {
    const endpoints = Array.from({ length: 100_000 }, (_, i) => ({
      kind: 'endpoint',
      id: `ep-${i}`,
      tenant: 'blue',
      network: 'big',
      mac: `02:00:00:${[i >> 16, (i >> 8) & 255, i & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`,
    }));
    const objects = [host[0], { kind: 'network', tenant: 'blue', name: 'big', encap: 'vxlan', vni: 9 }, ...endpoints];
    const answer = await post('application/x-ndjson', objects.map((object) => JSON.stringify(object)).join('\n'));
    expect(answer.json()).toMatchObject({ created: 100_002 });
  });
});

describe('a dry run', () => {
  test('says what would happen and changes nothing', async () => {
    expect((await apply({ objects: host }, '?dryRun=true')).json()).toEqual({
      dryRun: true,
      generation: 0,
      level: 'accepted',
      created: 7,
      updated: 0,
      deleted: 0,
      unchanged: 0,
      attention: [],
    });
    expect([controller.state.generation, controller.asked]).toEqual([0, []]);
  });

  test('is refused as the request would be', async () => {
    const bad = await apply({ objects: [{ ...host[1] }] }, '?dryRun');
    expect([bad.statusCode, bad.json().code]).toEqual([422, 'invalid_request']);
    await apply({ objects: host });
    const inUse = await apply({ delete: ['tenant/blue'] }, '?dryRun');
    expect([inUse.statusCode, inUse.json().code]).toEqual([409, 'in_use']);
  });
});

describe('a bad request changes nothing', () => {
  test('every problem is listed, with pointers', async () => {
    const answer = await apply({
      objects: [
        ...host,
        { kind: 'network', tenant: 'blue', name: 'bad', encap: 'vlan', vlan: 5000, tenent: 1 },
        { kind: 'group', tenant: 'blue', name: 'x', network: 'frnt' },
      ],
    });
    expect(answer.statusCode).toBe(422);
    const problems: { pointer: string; message: string; suggestion?: string }[] = answer.json().problems;
    expect(problems.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/objects/7/tenent',
      '/objects/7/vlan',
      '/objects/8/network',
    ]);
    expect(problems.find(({ pointer }) => pointer === '/objects/8/network')?.suggestion).toContain('front');
    expect(controller.state.generation).toBe(0);
  });

  test.each([
    [
      'not JSON',
      'application/json',
      '{"objects": [\n{"kind": }]}',
      400,
      'malformed',
      'The body is not JSON: line 2, column 10.',
    ],
    ['cut short', 'application/json', '{"objects": [', 400, 'malformed', 'The body is not JSON: it ends too early.'],
    ['empty', 'application/json', '', 400, 'malformed', 'The body is not an object with `objects` or `delete`.'],
    ['a list', 'application/json', '[]', 400, 'malformed', 'The body is not an object with `objects` or `delete`.'],
    ['a bad line', 'application/x-ndjson', '{"kind":"tenant"}\n\n{', 400, 'malformed', 'Line 3 is not JSON.'],
    ['a form', 'application/x-www-form-urlencoded', 'a=b', 415, 'unsupported_media', 'Unsupported Media Type'],
  ])('%s', async (_name, type, payload, statusCode, code, detail) => {
    const answer = await post(type, payload);
    expect([answer.statusCode, answer.json().code, answer.json().detail]).toEqual([statusCode, code, detail]);
  });

  test('the envelope is checked too', async () => {
    const answer = await apply({ object: [], delete: ['netwrk/blue/front', 'network/blue', 7], objects: {} });
    expect(answer.json().problems).toEqual([
      {
        pointer: '/object',
        code: 'unknown_field',
        message: 'there is no field "object" here; a request has objects and delete',
        suggestion: 'did you mean `objects`?',
      },
      { pointer: '/objects', code: 'not_a_list', message: 'objects is not a list' },
      {
        pointer: '/delete/0',
        code: 'unknown_kind',
        message: '"netwrk/blue/front" names no object; write kind/key, for example network/blue/front',
        suggestion: 'did you mean `network`?',
      },
      { pointer: '/delete/1', code: 'bad_key', message: 'the key of a network is tenant/name: "network/blue"' },
      {
        pointer: '/delete/2',
        code: 'unknown_kind',
        message: '"" names no object; write kind/key, for example network/blue/front',
      },
    ]);
  });

  test.each([
    ['not_confirmed', 504, true],
    ['switch_unavailable', 503, true],
    ['store_unavailable', 507, true],
    ['conflict', 409, false],
  ] as const)('%s is %i', async (code, statusCode, retryable) => {
    controller.failWith = new SluiceError(code, 'This is why.');
    const answer = await apply({ objects: [] });
    expect([answer.statusCode, answer.json()]).toEqual([
      statusCode,
      expect.objectContaining({ code, retryable, detail: 'This is why.' }),
    ]);
  });

  test('what nobody foresaw is told without its words', async () => {
    controller.failWith = new TypeError('secret of the inside');
    const answer = await apply({ objects: [] });
    expect([answer.statusCode, answer.json().code]).toEqual([500, 'internal']);
    expect(answer.body).not.toContain('secret');
  });
});

test.each([
  ['{"a": 1,}', 'line 1, column 9'],
  ['{"a" 1}', 'line 1, column 6'],
  ['{a: 1}', 'line 1, column 2'],
  ['[1, 2', 'it ends too early'],
  ['[1, 2}', 'line 1, column 6'],
  ['[01]', 'line 1, column 2'],
  ['\n\n  nope', 'line 3, column 3'],
  ['{"a": "x\ty"}', 'line 1, column 7'],
  ['{} {}', 'line 1, column 4'],
  ['[,]', 'line 1, column 2'],
  [`[${'1,\n'.repeat(999)}"end"`, 'it ends too early'],
  [`[${'1,\n'.repeat(999)}'end']`, 'line 1000, column 1'],
])('the mistake in %j is at %s', (text, place) => {
  expect(() => parseJson(text)).toThrow(`The body is not JSON: ${place}.`);
});

test('retry answers how many', async () => {
  expect((await app.inject({ method: 'POST', url: '/v1/retry' })).json()).toEqual({ retried: 2 });
});

test('a caller who goes away does not stop what it asked for', async () => {
  const served = await serveTestApi();
  const arrived = new Promise<void>((resolve) => {
    const original = served.controller.apply.bind(served.controller);
    served.controller.apply = async (...args) => {
      outgoing.destroy();
      const result = await original(...args);
      resolve();
      return result;
    };
  });
  const body = JSON.stringify({ objects: host });
  const outgoing = request({
    socketPath: served.socket,
    path: '/v1/apply',
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  });
  outgoing.on('error', () => {});
  outgoing.end(body);
  await arrived;
  expect(served.controller.state.endpoints.size).toBe(1);
  await served.stop();
});
