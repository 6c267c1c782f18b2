/**
 * Cases that random traffic seldom meets, where the tables once did something else than the policy says.
 * Neighbours: policy.test.ts sends the random traffic.
 */
import { expect, test } from 'vitest';
import { parseIpv6, parseMac, type State } from '../../src/model/index.js';
import { demanded, done, journeyOf, tablesOf } from './compare.js';
import { proto, type Frame, type Ip } from './packet.js';
import { tunnelPort, uplinkPort } from './ports.js';
import { originalTuple, type Scene } from './scene.js';
import { base, stateOf } from './states.js';

const router = parseMac('02:00:00:ff:ff:fe')!;
const outside = 0xc633_6407;

const front = { kind: 'network', tenant: 'blue', name: 'front', vlan: 100, subnet: '10.1.0.0/24' };
const back = { kind: 'network', tenant: 'blue', name: 'back', vlan: 101, subnet: '10.2.0.0/24' };
const overlay = { kind: 'network', tenant: 'blue', name: 'overlay', vni: 5000, subnet: '10.3.0.0/24' };
const nets: Record<string, number> = { front: 1, back: 2, overlay: 3 };

const group = (name: string, policies: string[] = [], defaultAction = 'allow'): Record<string, unknown> => {
  return { kind: 'group', tenant: 'blue', name, policies, defaultAction };
};
const rule = (fields: Record<string, unknown>): Record<string, unknown> => {
  return { kind: 'rule', tenant: 'blue', policy: 'p', id: '1', direction: 'in', action: 'allow', ...fields };
};
const endpoint = (id: string, network: string, fields: Record<string, unknown>): Record<string, unknown> => {
  const n = id === 'a' ? 1 : 2;
  const place = { mac: `02:00:00:00:00:0${n}`, ipv4: `10.${nets[network]}.0.${n}` };
  return { kind: 'endpoint', tenant: 'blue', id, network, ...place, ...fields };
};

function blue(...put: Record<string, unknown>[]): State {
  const tenant = { kind: 'tenant', name: 'blue' };
  return stateOf([...base, tenant, front, back, overlay, { kind: 'policy', tenant: 'blue', name: 'p' }, ...put]);
}

const tcp = (source: number, destination: number): Ip => {
  return { kind: 'ip', source, destination, protocol: proto.tcp, tpSrc: 40_000, tpDst: 80 };
};

type Told = Pick<Scene, 'origin' | 'sender' | 'receiver' | 'station'> & { phase?: Scene['phase'] };

/** The verdict that the tables give and the one that the policy demands. */
function verdicts(state: State, network: string, frame: Frame, told: Told): { tables: string; policy: string } {
  const { phase = 'first' } = told;
  const remembered = phase === 'first' ? undefined : originalTuple(phase, frame.body as Ip);
  const scene: Scene = {
    kind: 'judged',
    ...told,
    phase,
    frame,
    network: state.networks.get(`blue/${network}`)!,
    remembered,
  };
  const journey = journeyOf(state, tablesOf(state), scene);
  return { tables: done(state, journey).verdict, policy: demanded(state, scene).verdict };
}

test('a peer network does not let in what comes from outside it through a router', () => {
  const state = blue(
    group('g', ['p'], 'deny'),
    rule({ peer: { network: 'front' } }),
    endpoint('a', 'front', { group: 'g', interface: 'w1' }),
  );
  const a = state.endpoints.get('a')!;
  const frame: Frame = { inPort: uplinkPort, vlan: 100, ethSrc: router, ethDst: a.mac, body: tcp(outside, a.ipv4!) };
  const told = { origin: 'uplink' as const, sender: { address: outside }, receiver: { endpoint: a, address: a.ipv4! } };
  expect(verdicts(state, 'front', frame, { ...told, station: a })).toEqual({ tables: 'deny', policy: 'deny' });
});

/** a on front is known by its address behind the router; b on back is here, and takes connections from a's group only. */
function routedHost(policyOfA: string[], ...rules: Record<string, unknown>[]): State {
  return blue(
    group('ga', policyOfA, policyOfA.length > 0 ? 'deny' : 'allow'),
    group('gb', policyOfA.length > 0 ? [] : ['p'], policyOfA.length > 0 ? 'allow' : 'deny'),
    ...rules,
    endpoint('a', 'front', { group: 'ga', ...(policyOfA.length > 0 ? { interface: 'w1' } : {}) }),
    endpoint('b', 'back', { group: 'gb', ...(policyOfA.length > 0 ? {} : { interface: 'w2' }) }),
  );
}

test('an endpoint behind a router outside is judged by its group when it opens a connection', () => {
  const state = routedHost([], rule({ peer: { group: 'ga' } }));
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const frame = { inPort: uplinkPort, vlan: 101, ethSrc: router, ethDst: b.mac, body: tcp(a.ipv4!, b.ipv4!) };
  const ends = { sender: { endpoint: a, address: a.ipv4! }, receiver: { endpoint: b, address: b.ipv4! } };
  expect(verdicts(state, 'back', frame, { origin: 'uplink', ...ends, station: b })).toEqual({
    tables: 'allow',
    policy: 'allow',
  });
});

test('the reply to an endpoint behind a router outside follows the connection that was allowed', () => {
  const state = routedHost([], rule({ peer: { group: 'ga' } }));
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const body: Ip = { ...tcp(b.ipv4!, a.ipv4!), tpSrc: 80, tpDst: 40_000 };
  const ends = { sender: { endpoint: b, address: b.ipv4! }, receiver: { endpoint: a, address: a.ipv4! } };
  const frame = { inPort: 2, ethSrc: b.mac, ethDst: router, body };
  expect(verdicts(state, 'back', frame, { origin: 'endpoint', ...ends, station: undefined, phase: 'reply' })).toEqual({
    tables: 'allow',
    policy: 'allow',
  });
});

test('an out rule to a group lets a connection out to its member behind a router outside', () => {
  const state = routedHost(['p'], rule({ direction: 'out', peer: { group: 'gb' } }));
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const frame = { inPort: 1, ethSrc: a.mac, ethDst: router, body: tcp(a.ipv4!, b.ipv4!) };
  const ends = { sender: { endpoint: a, address: a.ipv4! }, receiver: { endpoint: b, address: b.ipv4! } };
  expect(verdicts(state, 'front', frame, { origin: 'endpoint', ...ends, station: undefined })).toEqual({
    tables: 'allow',
    policy: 'allow',
  });
});

test('a peer network holds for its endpoints behind a router outside', () => {
  const state = routedHost([], rule({ peer: { network: 'front' } }));
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const frame = { inPort: uplinkPort, vlan: 101, ethSrc: router, ethDst: b.mac, body: tcp(a.ipv4!, b.ipv4!) };
  const ends = { sender: { endpoint: a, address: a.ipv4! }, receiver: { endpoint: b, address: b.ipv4! } };
  expect(verdicts(state, 'back', frame, { origin: 'uplink', ...ends, station: b })).toEqual({
    tables: 'allow',
    policy: 'allow',
  });
});

/** Policy of now: a may not open connections to b, or b none to a; a is local, b behind the same switch or somewhere on the VLAN. */
function errorHost(ruleFields: Record<string, unknown>, placeOfB: Record<string, unknown>): State {
  return blue(
    group('g', ['p']),
    rule({ action: 'deny', ...ruleFields }),
    endpoint('a', 'front', { interface: 'w1' }),
    endpoint('b', 'front', { group: 'g', ...placeOfB }),
  );
}

/** An ICMP error to a about a connection between the two, opened by `opener`, sent by b or by a router on its way. */
function errorToA(state: State, opener: 'a' | 'b', sender: 'b' | 'router'): { tables: string; policy: string } {
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const [first, second] = opener === 'a' ? [a, b] : [b, a];
  const about = { source: first.ipv4!, destination: second.ipv4!, protocol: proto.tcp, tpSrc: 40_000, tpDst: 80 };
  const source = sender === 'b' ? b.ipv4! : outside;
  const body: Ip = { kind: 'ip', source, destination: a.ipv4!, protocol: proto.icmp, icmpType: 3, about };
  const place = sender === 'b' ? { inPort: 2 } : { inPort: uplinkPort, vlan: 100 };
  const frame: Frame = { ...place, ethSrc: sender === 'b' ? b.mac : router, ethDst: a.mac, body };
  const ends = { sender: { endpoint: b, address: b.ipv4! }, receiver: { endpoint: a, address: a.ipv4! } };
  const origin = sender === 'b' ? 'endpoint' : 'uplink';
  return verdicts(state, 'front', frame, { origin, ...ends, station: a, phase: 'related' });
}

const senders = [
  ['b', { interface: 'w2' }],
  ['router', {}],
] as const;

test.each(senders)('an ICMP error of %s about a connection that is denied now is denied with it', (sender, place) => {
  const state = errorHost({ ports: [80], protocol: 'tcp' }, place);
  expect(errorToA(state, 'a', sender)).toEqual({ tables: 'deny', policy: 'deny' });
});

test.each(senders)('an ICMP error of %s about a connection that is allowed follows it', (sender, place) => {
  // ICMP itself is denied, and so is TCP the other way round.
  const state = errorHost({ protocol: 'icmp' }, place);
  expect(errorToA(state, 'a', sender)).toEqual({ tables: 'allow', policy: 'allow' });
});

test('an ICMP error is judged in the direction of its connection’s first packet, not in its own', () => {
  const opened = errorHost({ direction: 'out', protocol: 'tcp', ports: [80] }, {});
  expect(errorToA(opened, 'b', 'router').tables).toBe('deny');
  expect(errorToA(opened, 'a', 'router').tables).toBe('allow');
});

/** b is behind a peer and speaks to a, which takes connections from b's group only. */
function overlayHost(fields: Record<string, unknown>): State {
  return blue(
    group('ga', ['p'], 'deny'),
    group('gb'),
    rule({ peer: { group: 'gb' } }),
    endpoint('a', 'overlay', { group: 'ga', interface: 'w1', ipv6: ['fe80::1'] }),
    endpoint('b', 'overlay', { group: 'gb', vtepIp: '172.31.0.2', ...fields }),
  );
}

test('an address that a remote endpoint may use besides its own has the endpoint’s group', () => {
  const state = overlayHost({ allowedAddresses: [{ ip: '10.3.0.100' }] });
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const extra = 0x0a03_0064;
  const tunnel = { vni: 5000, source: 0xac1f_0002 };
  const frame: Frame = { inPort: tunnelPort, tunnel, ethSrc: b.mac, ethDst: a.mac, body: tcp(extra, a.ipv4!) };
  const ends = { sender: { endpoint: b, address: extra }, receiver: { endpoint: a, address: a.ipv4! } };
  expect(verdicts(state, 'overlay', frame, { origin: 'tunnel', ...ends, station: a })).toEqual({
    tables: 'allow',
    policy: 'allow',
  });
});

test('the link-local address of a remote endpoint’s MAC has the endpoint’s group', () => {
  const state = overlayHost({});
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const [source, destination] = [parseIpv6('fe80::ff:fe00:2')!, parseIpv6('fe80::1')!];
  const tunnel = { vni: 5000, source: 0xac1f_0002 };
  const body: Ip = { kind: 'ip', source, destination, protocol: proto.tcp, tpSrc: 40_000, tpDst: 80 };
  const frame: Frame = { inPort: tunnelPort, tunnel, ethSrc: b.mac, ethDst: a.mac, body };
  const ends = { sender: { endpoint: b, address: source }, receiver: { endpoint: a, address: destination } };
  expect(verdicts(state, 'overlay', frame, { origin: 'tunnel', ...ends, station: a })).toEqual({
    tables: 'allow',
    policy: 'allow',
  });
});

test('a link-local address may stand in two networks of a tenant, each with its own group', () => {
  const state = blue(
    group('ga', ['p']),
    group('gb'),
    endpoint('a', 'front', { group: 'ga', ipv6: ['fe80::5'], interface: 'w1' }),
    endpoint('b', 'back', { group: 'gb', ipv6: ['fe80::5'], interface: 'w2' }),
  );
  const a = state.endpoints.get('a')!;
  const [source, destination] = [parseIpv6('fe80::5')!, parseIpv6('fe80::6')!];
  const body: Ip = { kind: 'ip', source, destination, protocol: proto.udp, tpSrc: 1, tpDst: 2 };
  const frame: Frame = { inPort: uplinkPort, vlan: 100, ethSrc: router, ethDst: a.mac, body };
  const journey = journeyOf(state, tablesOf(state), { frame, network: state.networks.get('blue/front')! });
  expect(done(state, journey).verdict).toBe('allow');
});

test('a unicast packet in a broadcast frame is judged by the rules of the one it is for', () => {
  const state = blue(
    group('g', [], 'deny'),
    endpoint('a', 'front', { interface: 'w1' }),
    endpoint('b', 'front', { group: 'g', interface: 'w2' }),
  );
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const everybody = parseMac('ff:ff:ff:ff:ff:ff')!;
  const frame = { inPort: 1, ethSrc: a.mac, ethDst: everybody, body: tcp(a.ipv4!, b.ipv4!) };
  const ends = { sender: { endpoint: a, address: a.ipv4! }, receiver: { endpoint: b, address: b.ipv4! } };
  expect(verdicts(state, 'front', frame, { origin: 'endpoint', ...ends, station: undefined })).toEqual({
    tables: 'deny',
    policy: 'deny',
  });
});

test('an endpoint of an overlay that is nowhere yet has its group all the same', () => {
  const state = blue(
    group('g', [], 'deny'),
    endpoint('a', 'overlay', { interface: 'w1' }),
    endpoint('b', 'overlay', { group: 'g' }),
  );
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const frame = { inPort: 1, ethSrc: a.mac, ethDst: b.mac, body: tcp(a.ipv4!, b.ipv4!) };
  const ends = { sender: { endpoint: a, address: a.ipv4! }, receiver: { endpoint: b, address: b.ipv4! } };
  expect(verdicts(state, 'overlay', frame, { origin: 'endpoint', ...ends, station: b })).toEqual({
    tables: 'deny',
    policy: 'deny',
  });
});

test('an endpoint that calls its packets a DHCP server’s is judged like any other', () => {
  const state = blue(
    group('g', [], 'deny'),
    endpoint('a', 'front', { interface: 'w1' }),
    endpoint('b', 'front', { group: 'g', interface: 'w2' }),
  );
  const [a, b] = [state.endpoints.get('a')!, state.endpoints.get('b')!];
  const body: Ip = { ...tcp(a.ipv4!, b.ipv4!), protocol: proto.udp, tpSrc: 67, tpDst: 68 };
  const frame = { inPort: 1, ethSrc: a.mac, ethDst: b.mac, body };
  const ends = { sender: { endpoint: a, address: a.ipv4! }, receiver: { endpoint: b, address: b.ipv4! } };
  expect(verdicts(state, 'front', frame, { origin: 'endpoint', ...ends, station: b })).toEqual({
    tables: 'deny',
    policy: 'deny',
  });
});
