/** Services among the other objects: who provides them, what a deletion does to them, which numbers they have. */
import { expect, test } from 'vitest';
import { emptyState, judge, restore, storedOf, type State } from '../../src/model/index.js';
import { accept, acceptedSpec, objectsOf, refuse, world, worldState, type Json } from './support.js';

const service = (fields: Json = {}): Json => ({
  kind: 'service',
  tenant: 'blue',
  name: 's',
  network: 'front',
  ips: ['10.1.1.100'],
  ports: [{ port: 80, targetPort: 8080 }],
  providers: ['web-1', 'web-2'],
  ...fields,
});

const withService = (fields: Json = {}): State => accept(worldState(), { put: [service(fields)] });
const providers = (state: State): string[] => state.providers(state.services.get('blue/s')!).map(({ key }) => key);

test('the normal form', () => {
  const put = service({
    ips: ['fd00:1::64', '10.1.1.100'],
    ports: [443, { port: 80, targetPort: 8080, protocol: 'TCP' }, { port: 53, protocol: 'udp' }],
    providers: ['web-2', 'web-1', 'web-2', '10.2.2.1'],
    affinity: 'ClientIP',
  });
  expect(acceptedSpec(put)).toEqual({
    kind: 'service',
    tenant: 'blue',
    name: 's',
    network: 'front',
    ips: ['10.1.1.100', 'fd00:1::64'],
    ports: [
      { port: 53, targetPort: 53, protocol: 'udp' },
      { port: 80, targetPort: 8080, protocol: 'tcp' },
      { port: 443, targetPort: 443, protocol: 'tcp' },
    ],
    providers: ['web-1', 'web-2', '10.2.2.1'],
    affinity: 'clientIp',
  });
});

test('Contiv’s serviceLB says the same', () => {
  const contiv = {
    kind: 'serviceLB',
    key: 'blue:s',
    tenantName: 'blue',
    serviceName: 's',
    networkName: 'front',
    ipAddress: '10.1.1.100',
    ports: ['80:8080:TCP'],
    selectors: [],
    providers: ['web-1', 'web-2'],
    links: {},
  };
  expect(acceptedSpec(contiv)).toEqual(acceptedSpec(service()));
});

test('a provider is named by its id or by its address, and counts once', () => {
  expect(providers(withService({ providers: ['web-1', '10.1.1.1', 'fd00:1::1', '10.2.2.1'] })).toSorted()).toEqual([
    'db-1',
    'web-1',
  ]);
});

test('an address that no endpoint has yet is a provider as soon as one has it', () => {
  const before = withService({ providers: ['10.1.1.9'] });
  expect(providers(before)).toEqual([]);
  const endpoint = { kind: 'endpoint', id: 'late', tenant: 'blue', network: 'front', mac: '02:00:00:00:00:09' };
  const after = accept(before, { put: [{ ...endpoint, ipv4: '10.1.1.9' }] });
  expect(providers(after)).toEqual(['late']);
  expect(after.provided(after.endpoints.get('late')!).map(({ key }) => key)).toEqual(['blue/s']);
  expect(providers(accept(after, { delete: [{ kind: 'endpoint', key: 'late' }] }))).toEqual([]);
});

test('an address of another tenant provides nothing', () => {
  const red = { kind: 'endpoint', id: 'red', tenant: 'red', network: 'front', mac: '02:00:00:00:00:09' };
  const state = accept(withService({ providers: ['10.1.1.9'] }), { put: [{ ...red, ipv4: '10.1.1.9' }] });
  expect(providers(state)).toEqual([]);
});

test('a provider is not deleted under its service, unless by cascade, and then the service loses just that', () => {
  const state = withService();
  const gone = { delete: [{ kind: 'endpoint' as const, key: 'web-1' }] };
  expect(refuse(state, gone)).toMatchObject([
    { code: 'in_use', message: '`endpoint web-1` is used by `service blue/s`' },
  ]);
  const judged = judge(state, { ...gone, cascade: true });
  const changes = judged.ok ? judged.accepted.changes : [];
  expect(changes.map(({ ref, after }) => `${ref.kind} ${after ? 'stays' : 'goes'}`).toSorted()).toEqual([
    'endpoint goes',
    'service stays',
  ]);
  expect(judged.ok && providers(judged.accepted.state)).toEqual(['web-2']);
});

test('with its network a service goes', () => {
  const next = accept(withService(), { delete: [{ kind: 'network', key: 'blue/front' }], cascade: true });
  expect(next.services.size).toBe(0);
  expect(next.provided({ ...worldState().endpoints.get('web-1')! })).toEqual([]);
});

test('a network does not take a VIP for its gateway', () => {
  const { spec } = worldState().networks.get('blue/front')!;
  expect(refuse(withService(), { put: [{ ...spec, gateway: '10.1.1.100' }] })).toMatchObject([
    { code: 'duplicate', message: 'service `blue/s`: `10.1.1.100` is the gateway of network `blue/front`' },
  ]);
});

test('an endpoint does not take a VIP for its own', () => {
  const { spec } = worldState().endpoints.get('web-1')!;
  expect(refuse(withService(), { put: [{ ...spec, ipv4: '10.1.1.100' }] })).toMatchObject([
    { pointer: '/objects/0/ipv4', code: 'duplicate', message: 'IP 10.1.1.100 in tenant `blue` is taken by `blue/s`' },
  ]);
});

test('the number of its groups is its own, and comes back with it', () => {
  const many = Array.from({ length: 300 }, (_, i) =>
    service({
      name: `s${i}`,
      ips: [`10.1.2.${i % 250}`.replace('.0', '.250'), `fd00:9::${i + 1}`].slice(i < 250 ? 0 : 1),
    }),
  );
  const state = accept(worldState(), { put: many });
  const numbers = [...state.services].map(({ number }) => number);
  expect(new Set(numbers).size).toBe(300);
  expect(Math.min(...numbers)).toBeGreaterThan(0);
  const { state: back, leftOut } = restore(objectsOf(state).map(storedOf), state.generation);
  expect(leftOut).toEqual([]);
  for (const { key, number } of state.services) expect(back.services.get(key)?.number).toBe(number);
});

test('the same objects give the same numbers, in any order', () => {
  const put = [...world, service(), service({ name: 't', ips: ['10.1.1.101'] })];
  const numbers = (state: State) => [...state.services].map(({ key, number }) => `${key} ${number}`).toSorted();
  expect(numbers(accept(emptyState(), { put: put.toReversed() }))).toEqual(numbers(accept(emptyState(), { put })));
});
