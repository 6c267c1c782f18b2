/**
 * A rule that flips under live TCP connections over which both ends send: what it denies stops both ways, what it does not goes on.
 * Neighbours: flips.test.ts runs it small, flips.long.test.ts large.
 */
import { expect } from 'vitest';
import { until, type Subscription } from '../../src/sandbox/index.js';
import { buildOverlay, type Place } from './overlay.js';

const place = (id: string, host: 0 | 1, n: number, group: string): Place => ({
  id,
  host,
  tenant: 'blue',
  network: 'over',
  group,
  mac: `02:00:00:00:01:0${n}`,
  ipv4: `10.1.1.${n}`,
  ipv6: `fd00:1::${n}`,
});

const objects = [
  { kind: 'tenant', name: 'blue' },
  {
    ...{ kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001 },
    ...{ subnet: '10.1.1.0/24', ipv6Subnet: 'fd00:1::/64' },
  },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  { kind: 'group', tenant: 'blue', name: 'clients' },
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'] },
];
const denied = 8080;
const allowed = 8081;
const deny = {
  ...{ kind: 'rule', tenant: 'blue', policy: 'guard', id: '1', direction: 'in', action: 'deny' },
  ...{ protocol: 'tcp', ports: [denied], peer: { group: 'clients' } },
};

type Counted = Pick<Subscription, 'bytes'>;

const bytesOf = (streams: readonly Counted[]): number[] => streams.map(({ bytes }) => bytes);

/** Every stream has gone on: its connection lives. */
async function allGoOn(what: string, streams: readonly Counted[]): Promise<void> {
  const before = bytesOf(streams);
  const waiting = () => streams.filter(({ bytes }, i) => bytes <= before[i]!).length;
  // A connection that was cut for a while comes back with its next retransmission.
  await until(`${what} go on`, () => waiting() === 0, { timeoutMs: 60_000, detail: () => `${waiting()} stand still` });
}

export interface Flips {
  /** Half of them are denied by the rule; of both halves, half are IPv6 where there is IPv6. */
  readonly connections: number;
  readonly flips: number;
  /** Each end of each connection sends this often. */
  readonly pushEveryMs: number;
  readonly onPolicyChange?: 'reevaluate' | 'cut';
}

export async function flip({ connections, flips, pushEveryMs, onPolicyChange }: Flips): Promise<void> {
  const overlay = await buildOverlay(objects, [place('a', 0, 1, 'clients'), place('b', 1, 2, 'servers')]);
  try {
    if (onPolicyChange !== undefined) await overlay.settings({ onPolicyChange });
    const [client, server] = [overlay.workload('a'), overlay.workload('b')];
    const addresses = overlay.lab.ipv6 ? ['10.1.1.2', 'fd00:1::2'] : ['10.1.1.2'];
    for (const address of addresses) await client.waitForPing(address);
    const services = {
      denied: await server.serve(denied, { pushEveryMs }),
      allowed: await server.serve(allowed, { pushEveryMs }),
    };
    const open = async (port: number) => {
      const streams: Subscription[] = [];
      for (let i = 0; i < connections / 2; i++) {
        streams.push(await client.subscribe(addresses[i % addresses.length]!, port, { pushEveryMs }));
      }
      return streams;
    };
    const cut = await open(denied);
    const live = await open(allowed);
    await allGoOn('all streams', [...cut, ...live, services.denied, services.allowed]);
    for (let i = 0; i < flips; i++) {
      if (i % 2 === 0) {
        await overlay.apply([deny]);
        // What was delivered before is still on its way through the receivers' own kernels and pipes.
        await new Promise((resolve) => setTimeout(resolve, 100));
        const before = bytesOf([...cut, services.denied]);
        await allGoOn('the streams that the rule does not deny', [...live, services.allowed]);
        await new Promise((resolve) => setTimeout(resolve, 200));
        const what = `flip ${i}: bytes of denied connections, to their clients and to the server`;
        expect(bytesOf([...cut, services.denied]), what).toEqual(before);
      } else {
        await overlay.remove('rule', 'blue/guard/1');
        await allGoOn('all streams', [...cut, ...live, services.denied, services.allowed]);
      }
    }
    // Nobody was reconnected: each client is one connection that the server took.
    expect([services.denied.clients, services.allowed.clients]).toEqual([cut.length, live.length]);
    await Promise.all(Object.values(services).map((service) => service.close()));
  } finally {
    await overlay.stop();
  }
}
