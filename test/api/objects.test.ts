/** One object at a time: PUT, GET, DELETE, lists; and what each refusal looks like. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { FastifyInstance } from 'fastify';
import { buildTestApi, host } from './support.js';
import type { TestController } from './support.js';

let app: FastifyInstance;
let controller: TestController;

beforeEach(async () => {
  ({ app, controller } = buildTestApi());
  await controller.apply({ put: host }, 'accepted');
  controller.asked.length = 0;
});

const status = { generation: 1, state: 'committed', problems: [], flows: 3 };

describe('GET', () => {
  test('an object is its spec and its status', async () => {
    const answer = await app.inject('/v1/network/blue/front');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toEqual({ ...controller.state.networks.get('blue/front')?.spec, status });
    expect(answer.json()).toMatchObject({ kind: 'network', tenant: 'blue', name: 'front', vni: 5001 });
  });

  test.each([
    ['/v1/settings', { kind: 'settings', bridge: 'br-sluice' }],
    ['/v1/tenant/blue', { name: 'blue' }],
    ['/v1/rule/blue/app-policy/10', { id: '10', ports: [8080] }],
    ['/v1/endpoint/web-1', { mac: '02:00:0a:01:01:01' }],
  ])('%s', async (path, object) => {
    expect((await app.inject(path)).json()).toMatchObject({ ...object, status });
  });

  test('a list has every object of the kind', async () => {
    const { items } = (await app.inject('/v1/group')).json();
    expect(items.map(({ name }: { name: string }) => name).toSorted()).toEqual(['app', 'web']);
    expect(items[0].status).toEqual(status);
    expect((await app.inject('/v1/peer')).json()).toEqual({ items: [] });
  });

  test('an address is the same peer however it is written', async () => {
    await app.inject({ method: 'PUT', url: '/v1/peer/FD00:0::5', payload: {} });
    expect((await app.inject('/v1/peer/fd00::5')).json()).toMatchObject({ vtepIp: 'fd00::5' });
    expect((await app.inject('/v1/peer/fd00:0:0::5')).statusCode).toBe(200);
  });

  test('what is not there is 404 with the nearest that is', async () => {
    const answer = await app.inject('/v1/group/blue/wbe');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({
      code: 'not_found',
      detail: 'There is no group/blue/wbe.',
      problems: [{ code: 'no_such_object', suggestion: 'did you mean `blue/web`?' }],
    });
  });
});

describe('PUT', () => {
  test('creates with 201, repeats with 200, and the path fills in the key', async () => {
    const request = { method: 'PUT', url: '/v1/network/blue/back', payload: { encap: 'vlan', vlan: 100 } } as const;
    const created = await app.inject(request);
    expect([created.statusCode, created.json().status.generation]).toEqual([201, 2]);
    expect(created.json()).toMatchObject({ kind: 'network', tenant: 'blue', name: 'back', vlan: 100 });
    expect((await app.inject(request)).statusCode).toBe(200);
    expect(controller.asked).toEqual([
      { level: 'committed', cascade: undefined },
      { level: 'committed', cascade: undefined },
    ]);
  });

  test('what GET answered can be PUT again and changes nothing', async () => {
    for (const path of [
      '/v1/settings',
      '/v1/network/blue/front',
      '/v1/rule/blue/app-policy/10',
      '/v1/endpoint/web-1',
    ]) {
      const before = (await app.inject(path)).json();
      const answer = await app.inject({ method: 'PUT', url: path, payload: before });
      expect([path, answer.statusCode, answer.json()]).toEqual([path, 200, before]);
    }
    expect(controller.state.generation).toBe(1);
  });

  test('?level is passed on', async () => {
    await app.inject({ method: 'PUT', url: '/v1/tenant/red?level=effective', payload: {} });
    expect(controller.asked).toEqual([{ level: 'effective', cascade: undefined }]);
  });

  test('a body that contradicts its path is refused', async () => {
    const payload = { kind: 'group', tenant: 'red', encap: 'vlan', vlan: 100 };
    const answer = await app.inject({ method: 'PUT', url: '/v1/network/blue/back', payload });
    expect(answer.statusCode).toBe(422);
    expect(answer.json().problems).toEqual([
      {
        pointer: '/kind',
        code: 'contradiction',
        message: 'the path says kind is "network", the body says "group"',
        suggestion: 'network',
      },
      {
        pointer: '/tenant',
        code: 'contradiction',
        message: 'the path says tenant is "blue", the body says "red"',
        suggestion: 'blue',
      },
    ]);
    // The same under Contiv's name for the field.
    const alias = { mac: '02:00:0a:01:01:02', network: 'front', tenant: 'blue', endpointID: 'web-3' };
    expect((await app.inject({ method: 'PUT', url: '/v1/endpoint/web-2', payload: alias })).statusCode).toBe(422);
    expect(controller.state.generation).toBe(1);
  });

  test("the model's problems point into the body", async () => {
    const answer = await app.inject({
      method: 'PUT',
      url: '/v1/network/blue/back',
      payload: { encap: 'vlan', vlan: 5000, subnett: 1 },
    });
    expect(answer.statusCode).toBe(422);
    const { code, problems } = answer.json();
    expect(code).toBe('invalid_request');
    expect(problems.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual(['/subnett', '/vlan']);
    expect(problems.find(({ pointer }: { pointer: string }) => pointer === '/subnett').suggestion).toBe(
      'did you mean `subnet`?',
    );
  });

  test.each(['[]', '"x"', '7'])('a body that is %s is malformed', async (payload) => {
    const answer = await app.inject({
      method: 'PUT',
      url: '/v1/tenant/red',
      payload,
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'malformed']);
  });
});

describe('DELETE', () => {
  test('deletes, and deleting what is absent is success', async () => {
    const first = await app.inject({ method: 'DELETE', url: '/v1/endpoint/web-1' });
    expect([first.statusCode, first.json().deleted]).toEqual([200, 1]);
    const second = await app.inject({ method: 'DELETE', url: '/v1/endpoint/web-1' });
    expect([second.statusCode, second.json().deleted]).toEqual([200, 0]);
  });

  test('what others refer to is refused with the list, or goes with them', async () => {
    const refused = await app.inject({ method: 'DELETE', url: '/v1/network/blue/front' });
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'in_use']);
    expect(refused.json().problems[0]).toMatchObject({ pointer: '', code: 'in_use' });
    expect(controller.state.networks.size).toBe(1);
    const done = await app.inject({ method: 'DELETE', url: '/v1/network/blue/front?cascade' });
    expect(done.statusCode).toBe(200);
    expect([controller.state.networks.size, controller.state.endpoints.size]).toEqual([0, 0]);
  });

  test('the settings cannot be deleted', async () => {
    const answer = await app.inject({ method: 'DELETE', url: '/v1/settings' });
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'PATCH, GET, HEAD, PUT']);
  });
});
