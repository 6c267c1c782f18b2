/** The public shape of errors, of paths that are none, and of the token. Names here never change silently. */
import { connect } from 'node:net';
import pino from 'pino';
import { expect, test } from 'vitest';
import { buildApi } from '../../src/api/index.js';
import { TestController, buildTestApi, serveTestApi } from './support.js';

test('the keys of a problem', async () => {
  const { app } = buildTestApi();
  const answer = await app.inject('/v1/tenant/red?x=1');
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(answer.json()).toEqual({
    type: 'urn:sluice:error:malformed',
    title: 'The request could not be read.',
    status: 400,
    detail: 'there is no parameter "x" here',
    instance: '/v1/tenant/red',
    code: 'malformed',
    retryable: false,
    todo: expect.stringContaining('/docs'),
    problems: [{ pointer: '/query/x', code: 'unknown_parameter', message: 'there is no parameter "x" here' }],
  });
});

test.each([
  ['/v1/netwrk/blue/front', 404, 'There is no kind "netwrk".', 'did you mean /v1/network?'],
  ['/v1/networks', 404, 'There is no kind "networks".', 'did you mean /v1/network?'],
  [
    '/v1/zzzzzz',
    404,
    'There is no kind "zzzzzz".',
    'kinds are settings, tenant, network, netProfile, group, policy, rule, endpoint, peer, service, route',
  ],
  ['/v1/network/blue', 404, 'A path to a network is /v1/network/tenant/name.', undefined],
  ['/healtz', 404, 'There is nothing at /healtz.', 'did you mean /healthz?'],
  ['/', 404, 'There is nothing at /.', undefined],
])('GET %s', async (url, statusCode, detail, suggestion) => {
  const { app } = buildTestApi();
  const answer = await app.inject(url);
  expect([answer.statusCode, answer.json().code, answer.json().detail]).toEqual([statusCode, 'not_found', detail]);
  expect(answer.json().problems[0].suggestion).toBe(suggestion);
  expect(answer.headers['content-type']).toBe('application/problem+json');
});

test('a method that a path does not know is 405 with those it does', async () => {
  const { app } = buildTestApi();
  const answer = await app.inject({ method: 'DELETE', url: '/v1/apply' });
  expect([answer.statusCode, answer.json().code, answer.headers['allow']]).toEqual([405, 'method_not_allowed', 'POST']);
});

test('a path that cannot be decoded is a problem too', async () => {
  const { app } = buildTestApi();
  const answer = await app.inject('/v1/tenant/%zz');
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'malformed']);
  expect(answer.headers['content-type']).toBe('application/problem+json');
});

test('even what is not HTTP is answered with a problem', async () => {
  const served = await serveTestApi();
  const text = await new Promise<string>((resolve, reject) => {
    let all = '';
    const socket = connect(served.socket, () => socket.write('hello\r\n\r\n'));
    socket.on('data', (chunk) => (all += chunk.toString()));
    socket.on('close', () => resolve(all));
    socket.on('error', reject);
  });
  expect(text).toContain('HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json');
  expect(text).toContain('"code":"malformed"');
  await served.stop();
});

test('with a token, nobody else gets further than the probes', async () => {
  const token = 'correct-horse-battery';
  const { app } = buildTestApi({ token });
  const status = async (authorization?: string, url = '/v1/status') =>
    (await app.inject({ url, headers: authorization === undefined ? {} : { authorization } })).statusCode;
  expect(await status()).toBe(401);
  expect(await status('Bearer wrong')).toBe(401);
  expect(await status(undefined, '/docs/json')).toBe(401);
  expect(await status(undefined, '/v1/nothing')).toBe(401);
  expect(await status(`Bearer ${token}`)).toBe(200);
  expect(await status(undefined, '/healthz')).toBe(200);
  const answer = await app.inject('/v1/status');
  expect([answer.json().code, answer.headers['www-authenticate']]).toEqual(['unauthorized', 'Bearer']);
});

test('a fault goes to the log with its cause, an ordinary refusal does not', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const controller = new TestController();
  const app = buildApi({ controller, version: '1.2.3', logger });
  await app.inject('/v1/tenant/red');
  await app.inject('/v1/status');
  expect(lines).toEqual([]);
  controller.failWith = new TypeError('the inside');
  await app.inject('/v1/flows');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level: 50,
      msg: 'request failed',
      path: '/v1/flows',
      err: expect.objectContaining({ message: 'the inside' }),
    }),
  ]);
});
