/** A broadcast in a network with more members than one message can hold: a copy for each, and one only. */
import { expect, test } from 'vitest';
import { emptyState, judge, type State } from '../../src/model/index.js';
import { Batch } from '../../src/openflow/index.js';
import { compileObject, compileSystem } from '../../src/pipeline/compile.js';
import { flowMessages } from '../pipeline/support.js';
import { copyOf } from './forwarding.js';
import { run } from './machine.js';
import { tunnelPort, uplinkPort } from './ports.js';
import { Tables } from './tables.js';
import { everybody, mac } from './traffic.js';

const text = (n: number): string =>
  `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;

/** `local` members here, and one behind each of `peers`. */
function stateOf(network: Record<string, unknown>, local: number, peers: readonly string[]): State {
  const member = (n: number, where: Record<string, string>) => ({
    ...{ kind: 'endpoint', id: `e${n}`, tenant: 't', network: 'n', mac: text(n) },
    ...where,
  });
  const judged = judge(emptyState(), {
    put: [
      { kind: 'settings', vtepIp: peers[0]?.includes(':') ? 'fd00:9::1' : '172.31.0.1', vlanInterfaces: ['eth1'] },
      { kind: 'tenant', name: 't' },
      { kind: 'network', tenant: 't', name: 'n', ...network },
      ...peers.map((vtepIp) => ({ kind: 'peer', vtepIp })),
      ...Array.from({ length: local }, (_, n) => member(n, { interface: `w${n}` })),
      ...peers.map((vtepIp, n) => member(20_000 + n, { vtepIp })),
    ],
  });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems.slice(0, 3)));
  return judged.accepted.state;
}

/** What a broadcast of the first member comes to; `bytes` of the longest message. */
function flooded(state: State): { copies: string[]; bytes: number } {
  const ports = { of: (name: string) => Number(name.slice(1)) + 2000, tunnel: tunnelPort, uplink: uplinkPort };
  const world = { state, ports };
  const batch = new Batch();
  compileSystem(batch, world);
  compileObject(batch, world, state.networks.get('t/n')!);
  compileObject(batch, world, state.endpoints.get('e0')!);
  const messages = [...flowMessages(batch.bytes())];
  const body = { kind: 'arp', op: 1, spa: 0, tpa: 5, sha: mac(text(0)) } as const;
  const { sent } = run(new Tables(messages), { inPort: 2000, ethSrc: mac(text(0)), ethDst: everybody, body });
  return { copies: sent.map(copyOf), bytes: Math.max(...messages.map(({ length }) => length)) };
}

const v4 = (n: number): string => `172.30.${n >> 8}.${n & 255}`;
const v6 = (n: number): string => `fd00:9::${(n + 0x1_0000).toString(16).replace(/^(.+)(.{4})$/, '$1:$2')}`;

test.each<[string, Record<string, unknown>, number, readonly string[], number]>([
  ['a few', { vni: 1 }, 3, [v4(1), v4(2)], 2 + 2],
  ['4,500 local members and 2,500 peers', { vni: 1 }, 4500, Array.from({ length: 2500 }, (_, n) => v4(n)), 4499 + 2500],
  ['peers with IPv6 addresses', { vni: 1 }, 2, Array.from({ length: 1500 }, (_, n) => v6(n)), 1 + 1500],
  ['a VLAN of 4,500', { vlan: 1 }, 4500, [], 4499 + 1],
])('a broadcast is copied to each member once: %s', (_what, network, local, peers, count) => {
  const { copies, bytes } = flooded(stateOf(network, local, peers));
  expect(copies).toHaveLength(count);
  expect(new Set(copies).size).toBe(count);
  expect(bytes).toBeLessThan(0xffff);
});
