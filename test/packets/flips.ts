/**
 * A rule that flips under live TCP connections: what it denies stops, what it does not goes on.
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
});

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, subnet: '10.1.1.0/24' },
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

const bytesOf = (streams: readonly Subscription[]): number[] => streams.map(({ bytes }) => bytes);

/** Every stream has gone on: its connection lives. */
async function allGoOn(what: string, streams: readonly Subscription[]): Promise<void> {
  const before = bytesOf(streams);
  const waiting = () => streams.filter(({ bytes }, i) => bytes <= before[i]!).length;
  // A connection that was cut for a while comes back with its next retransmission.
  await until(`${what} go on`, () => waiting() === 0, { timeoutMs: 60_000, detail: () => `${waiting()} stand still` });
}

/** Answers how many bytes came in too late, each flip; there must be none. */
export async function flip(connections: number, flips: number, pushEveryMs: number): Promise<void> {
  const overlay = await buildOverlay(objects, [place('a', 0, 1, 'clients'), place('b', 1, 2, 'servers')]);
  try {
    const [client, server] = [overlay.workload('a'), overlay.workload('b')];
    await client.waitForPing('10.1.1.2');
    const services = [await server.serve(denied, { pushEveryMs }), await server.serve(allowed, { pushEveryMs })];
    const open = async (port: number) => {
      const streams: Subscription[] = [];
      for (let i = 0; i < connections / 2; i++) streams.push(await client.subscribe('10.1.1.2', port));
      return streams;
    };
    const cut = await open(denied);
    const live = await open(allowed);
    await allGoOn('all streams', [...cut, ...live]);
    for (let i = 0; i < flips; i++) {
      if (i % 2 === 0) {
        await overlay.apply([deny]);
        // What was delivered before is still on its way through the receiver's own kernel and pipe.
        await new Promise((resolve) => setTimeout(resolve, 100));
        const before = bytesOf(cut);
        await allGoOn('the streams that the rule does not deny', live);
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(bytesOf(cut), `flip ${i}: bytes of denied connections`).toEqual(before);
      } else {
        await overlay.remove('rule', 'blue/guard/1');
        await allGoOn('all streams', [...cut, ...live]);
      }
    }
    await Promise.all(services.map((service) => service.close()));
  } finally {
    await overlay.stop();
  }
}
