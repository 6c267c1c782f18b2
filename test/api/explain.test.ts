/** Flows, traces, health: what is asked of the controller and what comes back. */
import { beforeEach, expect, test } from 'vitest';
import type { FastifyInstance } from 'fastify';
import { buildTestApi, cannedTrace, host } from './support.js';
import type { TestController } from './support.js';

let app: FastifyInstance;
let controller: TestController;

beforeEach(async () => {
  ({ app, controller } = buildTestApi());
  await controller.apply({ put: host }, 'accepted');
  controller.asked.length = 0;
});

test('flows as text are the lines alone', async () => {
  const answer = await app.inject('/v1/flows?format=text');
  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(answer.body).toBe(
    ' cookie=0x700000001000000, table=0, priority=100,in_port=web-1,vlan_tci=0x0000/0x1000 actions=goto_table:2\n' +
      ' cookie=0x100000000000000, table=0, priority=0 actions=drop\n',
  );
});

test('flows as JSON have owners', async () => {
  const { flows } = (await app.inject('/v1/flows')).json();
  expect(flows).toHaveLength(2);
  expect(Object.keys(flows[0])).toEqual(['text', 'cookie', 'owners', 'table', 'priority']);
  expect(flows[0].owners).toEqual([{ kind: 'endpoint', key: 'web-1' }]);
});

test('owner, table and source are passed on', async () => {
  await app.inject('/v1/flows?owner=rule/blue/app-policy/10&table=policy&source=switch');
  await app.inject('/v1/flows?owner=ep/web-1');
  expect(controller.asked).toEqual([
    { owner: { kind: 'rule', key: 'blue/app-policy/10' }, table: 'policy', source: 'switch' },
    { owner: { kind: 'endpoint', key: 'web-1' }, source: 'confirmed' },
  ]);
});

test.each([
  ['/v1/flows?owner=endpoint/web-2', 404, 'not_found', '', 'did you mean `web-1`?'],
  ['/v1/flows?owner=endpiont/web-1', 400, 'malformed', '/query/owner', 'did you mean `endpoint`?'],
  ['/v1/flows?owner=group/web', 400, 'malformed', '/query/owner', undefined],
  ['/v1/flows?ownr=x', 400, 'malformed', '/query/ownr', 'did you mean `owner`?'],
  ['/v1/flows?source=swich', 400, 'malformed', '/query/source', 'did you mean `switch`?'],
  ['/v1/flows?table=1&table=2', 400, 'malformed', '/query/table', undefined],
  ['/v1/trace', 400, 'malformed', '/query/from', undefined],
  ['/v1/trace?from=a&port=70000', 400, 'malformed', '/query/port', undefined],
  ['/v1/trace?from=a&protocol=tpc', 400, 'malformed', '/query/protocol', 'did you mean `tcp`?'],
])('%s', async (url, statusCode, code, pointer, suggestion) => {
  const answer = await app.inject(url);
  expect([answer.statusCode, answer.json().code]).toEqual([statusCode, code]);
  expect([answer.json().problems[0].pointer, answer.json().problems[0].suggestion]).toEqual([pointer, suggestion]);
});

test('a trace is passed on and answered whole', async () => {
  const answer = await app.inject('/v1/trace?from=web-1&to=db-1&protocol=tcp&port=5432&reply');
  expect(answer.json()).toEqual(cannedTrace);
  expect(controller.asked).toEqual([{ from: 'web-1', to: 'db-1', protocol: 'tcp', port: 5432, reply: true }]);
});

test('health, readiness and version', async () => {
  expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok', pid: process.pid });
  expect((await app.inject('/readyz?verbose')).json()).toEqual({ ready: true });
  expect((await app.inject('/version')).json()).toEqual({ name: 'sluice', version: '1.2.3', node: process.version });
  controller.reasons = ['the switch is not connected', '3 objects are being retried'];
  const answer = await app.inject('/readyz');
  expect([answer.statusCode, answer.json().code, answer.json().detail]).toEqual([
    503,
    'not_ready',
    'the switch is not connected; 3 objects are being retried',
  ]);
  expect((await app.inject('/healthz')).statusCode).toBe(200);
});

test('status counts the objects', async () => {
  expect((await app.inject('/v1/status')).json()).toEqual({
    version: '1.2.3',
    pid: process.pid,
    ready: true,
    reasons: [],
    generation: 1,
    switch: { connected: true, datapathId: '00000a0000000001', version: '3.1.0', flows: 340 },
    uplinks: [],
    objects: {
      settings: 1,
      tenant: 1,
      network: 1,
      netProfile: 0,
      group: 2,
      policy: 1,
      rule: 1,
      endpoint: 1,
      peer: 0,
      service: 0,
      route: 0,
    },
  });
});
