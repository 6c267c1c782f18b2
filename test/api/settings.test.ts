/** The settings, one field at a time; and where each came from. */
import { expect, test } from 'vitest';
import { buildTestApi } from './support.js';

function api() {
  const { app, controller } = buildTestApi();
  const patch = (payload: object) => app.inject({ method: 'PATCH', url: '/v1/settings', payload });
  return { app, controller, patch, spec: () => controller.state.settings.spec };
}

test('PATCH changes what it names and nothing else; null resets', async () => {
  const { patch, spec } = api();
  expect((await patch({ vtepIp: '10.0.0.9', vlanInterfaces: ['eth1', 'eth2'] })).json()).toMatchObject({ updated: 1 });
  expect((await patch({ bond: { mode: 'active-backup', lacp: 'off' } })).statusCode).toBe(200);
  expect(spec()).toMatchObject({
    vtepIp: '10.0.0.9',
    vlanInterfaces: ['eth1', 'eth2'],
    bond: { mode: 'active-backup', lacp: 'off' },
  });
  await patch({ vtepIp: null, bond: { lacp: null } });
  expect(spec()).toMatchObject({ bond: { mode: 'active-backup', lacp: 'active' }, vlanInterfaces: ['eth1', 'eth2'] });
  expect(spec().vtepIp).toBeUndefined();
  expect((await patch({ vlanInterfaces: ['eth1', 'eth2'] })).json()).toMatchObject({ updated: 0, unchanged: 1 });
});

test('a refused PATCH points at the field and leaves everything as it was', async () => {
  const { patch, spec } = api();
  await patch({ vtepIp: '10.0.0.9' });
  const before = spec();
  const refused = await patch({ vtepIp: '10.0.0', vlanInterfaces: ['eth1', 'eth1'], vxlanPrt: 1 });
  expect(refused.statusCode).toBe(422);
  expect(refused.json().problems.map(({ pointer }: { pointer: string }) => pointer)).toEqual(
    expect.arrayContaining(['/vxlanPrt', '/vlanInterfaces']),
  );
  expect((await patch({ bond: { mode: 'balance-tcp', lacp: 'off' } })).json().problems).toMatchObject([
    { pointer: '/bond/lacp', suggestion: 'use active-backup or balance-slb without it' },
  ]);
  expect((await patch({ kind: 'tenant' })).statusCode).toBe(422);
  expect(spec()).toBe(before);
});

test('GET /v1/config tells every setting and where it came from', async () => {
  const { app } = api();
  const { settings } = (await app.inject('/v1/config')).json();
  expect(settings[0]).toEqual({
    key: 'vtepIp',
    value: '10.0.0.9',
    from: 'api',
    name: 'API',
    overruled: { value: '10.0.0.5', name: '--vtep-ip' },
  });
});
