/**
 * Changes that no packet may notice: an endpoint that moves between this host and a peer, rules and groups exchanged for others that
 * say the same. Every ping is counted. Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { buildOverlay, vteps, type Overlay, type Place } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

type Json = { kind: string; [field: string]: unknown };

const rule = (policy: string, id: string, fields: Record<string, unknown>): Json => ({
  ...{ kind: 'rule', tenant: 'blue', policy, id, direction: 'in', action: 'allow', protocol: 'icmp' },
  ...fields,
});
const group = (name: string, policies: string[]): Json => ({
  ...{ kind: 'group', tenant: 'blue', name, policies, defaultAction: 'deny' },
});
const objects: Json[] = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, subnet: '10.1.1.0/24' },
  { kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 100, subnet: '10.2.2.0/24' },
  { kind: 'policy', tenant: 'blue', name: 'one' },
  { kind: 'policy', tenant: 'blue', name: 'two' },
  group('first', ['one']),
  group('second', ['two']),
  rule('one', '1', {}),
  rule('two', '1', { priority: 7 }),
];

const place = (id: string, host: 0 | 1, n: number, member?: string): Place => ({
  ...{ id, host, tenant: 'blue', network: 'over', mac: `02:00:00:00:01:0${n}`, ipv4: `10.1.1.${n}` },
  ...(member === undefined ? {} : { group: member }),
});
const lan = (id: string, n: number): Place => ({
  ...{ id, host: 0, tenant: 'blue', network: 'lan', mac: `02:00:00:00:02:0${n}`, ipv4: `10.2.2.${n}` },
});
const [c, d, e] = [place('c', 0, 1), place('d', 1, 2), place('e', 0, 3, 'first')];
const [v, x] = [lan('v', 1), lan('x', 2)];
/** As the endpoint object has it, but where it is. */
function unplaced(endpoint: Place): Json {
  const { host: _, ...rest } = endpoint;
  return { kind: 'endpoint', ...rest };
}
const moving = unplaced(e);

describe.skipIf(!root)('changes under continuous pings', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, [c, d, e, v, x]);
    await overlay.workload('c').waitForPing(e.ipv4);
    await overlay.workload('d').waitForPing(e.ipv4);
    await overlay.workload('v').waitForPing(x.ipv4);
  });
  afterEach(async () => {
    const homes = [{ interface: 'e' }, { vtepIp: vteps[0] }];
    const back = overlay.daemons.map((daemon, i) =>
      daemon.apply({ put: [...objects, { ...moving, ...homes[i] }] }, 'effective'),
    );
    await Promise.all(back);
  });
  afterAll(async () => {
    await overlay?.stop();
  });

  /** Pings e while `change` goes on; answers what was lost, and which were answered twice. */
  async function pinged(from: 'c' | 'd', change: () => Promise<void>): Promise<{ lost: number; twice: number[] }> {
    const workload = overlay.workload(from);
    const answers = await workload.capture('icmp[icmptype] = icmp-echoreply');
    const pings = workload.startPing(e.ipv4, { intervalMs: 5 });
    await until('pings are answered', () => pings.received > 20);
    await change();
    const before = pings.received;
    await until('pings are answered after it', () => pings.received > before + 20);
    const { lost } = await pings.stop();
    const numbers = (await answers.stop()).map((line) => Number(/seq (\d+)/.exec(line)?.[1]));
    return { lost, twice: numbers.filter((n, i) => numbers.indexOf(n) < i) };
  }

  test.each([
    ['to a peer', c, e, { vtepIp: vteps[1] }, { vtepIp: vteps[0] }],
    ['to elsewhere on its VLAN', v, x, {}, {}],
  ])(
    'an endpoint that moves %s and back is reached all the time, here or there and never at both',
    async (_, from, to, awayHere, awayThere) => {
      const [here, there] = overlay.daemons;
      const { id, mac, ipv4 } = to;
      // The other host has it already, as when a workload migrates.
      const options = { name: `${id}-2`, interface: id, mac, ipv4: `${ipv4}/24` };
      const other = await overlay.lab.workload(overlay.hosts[1], options);
      await there.apply({ put: [{ ...unplaced(to), interface: id }] }, 'effective');
      const [seenHere, seenThere] = [await overlay.workload(id).capture('icmp'), await other.capture('icmp')];
      const announced = await overlay.workload(from.id).capture(`arp and ether src ${mac}`);
      const moves = async () => {
        for (let i = 0; i < 6; i++) {
          const where = i % 2 === 0 ? awayHere : { interface: id };
          const seen = i % 2 === 0 ? seenThere : seenHere;
          const { length } = seen.lines;
          const before = announced.lines.length;
          // Its uplink bridge has heard that the endpoint is here, and nobody tells it otherwise.
          await overlay.hosts[1].sandbox.appctl('fdb/flush', 'br-sluice-up');
          await here.apply({ put: [{ ...unplaced(to), ...where }] }, 'effective');
          await until('pings come there', () => seen.lines.length > length + 10);
          // Else the other host's bridge would hear only now that it is here.
          if (i % 2 === 1) await until('it is announced here', () => announced.lines.length > before);
        }
      };
      const pings = overlay.workload(from.id).startPing(ipv4, { intervalMs: 5 });
      await until('pings are answered', () => pings.received > 20);
      await moves();
      await Promise.all([pings.stop(), announced.stop()]);
      const got = [...(await seenHere.stop()), ...(await seenThere.stop())];
      // An answer that was on its way from the old place when that was left may be lost; no question is.
      const numbers = got.flatMap((line) => /echo request.* seq (\d+)/.exec(line)?.[1] ?? []).map(Number);
      const sent = Array.from({ length: Math.max(...numbers) }, (_each, i) => i + 1);
      expect(numbers.toSorted((p, q) => p - q)).toEqual(sent);
      await there.apply({ put: [{ ...unplaced(to), ...awayThere }] }, 'effective');
    },
  );

  test.each(['c', 'd'] as const)('rules replaced by others that allow as much lose no packet of %s', async (from) => {
    const result = await pinged(from, async () => {
      for (let i = 1; i <= 4; i++) {
        const put = [rule('one', String(i + 1), { priority: (i % 5) + 1 })];
        const gone = [{ kind: 'rule', key: `blue/one/${i}` } as const];
        await Promise.all(overlay.daemons.map((daemon) => daemon.apply({ put, delete: gone }, 'effective')));
      }
    });
    await overlay.remove('rule', 'blue/one/5');
    expect(result).toEqual({ lost: 0, twice: [] });
  });

  test.each(['c', 'd'] as const)(
    'a member moved between groups that allow as much loses no packet of %s',
    async (from) => {
      const result = await pinged(from, async () => {
        for (let i = 0; i < 4; i++) {
          const put = [{ ...moving, group: i % 2 ? 'first' : 'second', interface: 'e' }];
          await overlay.daemons[0].apply({ put }, 'effective');
          const away = [{ ...moving, group: i % 2 ? 'first' : 'second', vtepIp: vteps[0] }];
          await overlay.daemons[1].apply({ put: away }, 'effective');
        }
      });
      expect(result).toEqual({ lost: 0, twice: [] });
    },
  );

  test('a member moved between groups that both deny lets not one packet in', async () => {
    const sink = await overlay.workload('e').sinkUdp(7000);
    const open = rule('one', '9', { protocol: 'udp', ports: [7000] });
    await overlay.daemons[0].apply({ put: [open] }, 'effective');
    const stream = await overlay.workload('c').stream(e.ipv4, 7000, 2_000_000);
    await until('the stream arrives while it is allowed', () => sink.bytes > 10_000);
    await overlay.daemons[0].apply({ delete: [{ kind: 'rule', key: 'blue/one/9' }] }, 'effective');
    // What was delivered before is on its way through the receiver's kernel.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { bytes } = sink;
    for (let i = 0; i < 10; i++) {
      const put = [
        { ...moving, group: i % 2 ? 'first' : 'second', interface: 'e' },
        rule('two', '2', { action: 'deny', protocol: 'udp', priority: (i % 9) + 1 }),
      ];
      await overlay.daemons[0].apply({ put }, 'effective');
    }
    expect(sink.bytes).toBe(bytes);
    await overlay.daemons[0].apply({ put: [open], delete: [{ kind: 'rule', key: 'blue/two/2' }] }, 'effective');
    await until('it arrives again', () => sink.bytes > bytes);
    await overlay.daemons[0].apply({ delete: [{ kind: 'rule', key: 'blue/one/9' }] }, 'effective');
    await Promise.all([stream.close(), sink.close()]);
  });
});
