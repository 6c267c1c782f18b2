/**
 * `onPolicyChange: cut` on live TCP connections: denied ones end, are forgotten, and cannot be opened turned round by their other end.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sctp, type Station } from './frames.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

type Json = { kind: string; [field: string]: unknown };
const rule = (id: string, fields: Record<string, unknown>): Json => ({
  ...{ kind: 'rule', tenant: 'blue', policy: 'guard', id, action: 'allow' },
  ...fields,
});
const serving = rule('1', { direction: 'in', protocol: 'tcp', ports: [8080, 8081] });
const objects: Json[] = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'over', encap: 'vxlan', vni: 5001, subnet: '10.1.1.0/24' },
  { kind: 'policy', tenant: 'blue', name: 'guard' },
  { kind: 'group', tenant: 'blue', name: 'clients' },
  { kind: 'group', tenant: 'blue', name: 'servers', policies: ['guard'], defaultAction: 'deny' },
  serving,
  rule('2', { direction: 'in', protocol: 'icmp' }),
  // Whatever the server begins is allowed: also what would be a connection of the client, turned round.
  rule('3', { direction: 'out', protocol: 'tcp' }),
];
const place = (id: string, host: 0 | 1, n: number, group: string) => ({
  ...{ id, host, tenant: 'blue', network: 'over', group, mac: `02:00:00:00:01:0${n}`, ipv4: `10.1.1.${n}` },
});
const server = '10.1.1.2';

describe.skipIf(!root)('cut', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, [place('a', 0, 1, 'clients'), place('b', 1, 2, 'servers')]);
    await w('a').waitForPing(server);
    for (const daemon of overlay.daemons) await daemon.apply({ settings: { onPolicyChange: 'cut' } }, 'effective');
  });
  afterAll(async () => {
    await overlay?.stop();
  });
  const w = (id: string) => overlay.workload(id);

  async function tracked(port: number): Promise<string[]> {
    const dumps = await Promise.all(overlay.hosts.map((host) => host.sandbox.appctl('dpctl/dump-conntrack')));
    return dumps.flatMap((text) => text.split('\n').filter((line) => new RegExp(`[sd]port=${port}\\b`).test(line)));
  }

  /** Tell both hosts; answers how many connections each has cut. */
  async function both(put: readonly Json[]): Promise<(number | undefined)[]> {
    const answers = await Promise.all(overlay.daemons.map((daemon) => daemon.apply({ put }, 'effective')));
    return answers.map(({ commit }) => commit?.cut);
  }

  test('a change that denies nothing cuts nothing', async () => {
    const service = await w('b').serve(8080, { pushEveryMs: 5 });
    const stream = await w('a').subscribe(server, 8080);
    await stream.waitForBytes(1000);
    expect(await both([rule('9', { direction: 'in', protocol: 'udp', ports: [53] })])).toEqual([0, 0]);
    await stream.waitForBytes(1000);
    await Promise.all([stream.close(), service.close()]);
  });

  test('denied connections are cut and counted, forgotten, and stay cut while their server pushes; others live on', async () => {
    const services = [await w('b').serve(8080, { pushEveryMs: 5 }), await w('b').serve(8081, { pushEveryMs: 5 })];
    const streams = await Promise.all(Array.from({ length: 20 }, () => w('a').subscribe(server, 8080)));
    const other = await w('a').subscribe(server, 8081);
    await Promise.all([...streams, other].map((stream) => stream.waitForBytes(500)));
    const cut = await both([{ ...serving, ports: [8081] }]);
    // Those of the test before may still be closing.
    for (const n of cut) expect(n).toBeGreaterThanOrEqual(20);
    const before = streams.map(({ bytes }) => bytes);
    await other.waitForBytes(2000);
    // The server sends what was not acknowledged over and over: each is a new connection from it, which the rules alone would let through.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(streams.map(({ bytes }) => bytes)).toEqual(before);
    expect(await tracked(8080)).toEqual([]);
    await other.waitForBytes(2000);

    // Without the drops they would come back at once: this is what they are there for.
    const drops = async () => {
      const flows = await overlay.daemons[1].flows({ table: 'orient' });
      return flows.filter(({ owners }) => owners[0]?.key === 'cut').map(({ text }) => text);
    };
    expect((await drops()).length).toBeGreaterThanOrEqual(40);

    // Allowed again, new connections open, and still no server can begin what its client did.
    await both([serving]);
    const turned = await drops();
    expect(turned.length).toBeGreaterThanOrEqual(20);
    expect(turned.filter((text) => !text.includes('ct_nw_src=10.1.1.2,'))).toEqual([]);
    const again = await w('a').subscribe(server, 8080);
    await again.waitForBytes(500);
    await Promise.all([...streams, other, again, ...services].map((each) => each.close()));
  }, 40_000);

  test('SCTP: one entry of two addresses, cut when none of its associations may live', async () => {
    const [a, b] = [1, 2].map((n) => ({ mac: `02:00:00:00:01:0${n}`, ip: `10.1.1.${n}` })) as [Station, Station];
    const diameter = rule('5', { direction: 'in', protocol: 'sctp', ports: [3868, 3869] });
    await both([diameter, rule('6', { direction: 'out', protocol: 'sctp' })]);
    const entries = async () => {
      const dumps = await Promise.all(overlay.hosts.map((host) => host.sandbox.appctl('dpctl/dump-conntrack')));
      return dumps.map((text) => text.split('\n').filter((line) => line.startsWith('sctp,')).length);
    };
    /** Whether a packet of an association's client, and of its server, gets through. */
    const passes = async (port: number): Promise<boolean[]> => {
      const seen = [await w('b').capture('ip proto 132'), await w('a').capture('ip proto 132 and src host 10.1.1.2')];
      await w('a').sendFrame(sctp(a, b, [5000, port]), 3);
      await w('b').sendFrame(sctp(b, a, [port, 5000]), 3);
      // What comes after them is there, so they are, or will not be.
      await w('a').ping(server, { count: 2 });
      const [there, back] = await Promise.all(seen.map((capture) => capture.stop()));
      return [
        there!.some((line) => line.includes(`> 10.1.1.2.${port}`)),
        back!.some((line) => line.includes(`10.1.1.2.${port} >`)),
      ];
    };
    expect(await passes(3868)).toEqual([true, true]);
    expect(await passes(3869)).toEqual([true, true]);
    expect(await entries()).toEqual([1, 1]);

    // One is denied and the other lives: the entry stays, and each packet is judged.
    expect(await both([{ ...diameter, ports: [3869] }])).toEqual([0, 0]);
    expect(await passes(3868)).toEqual([false, false]);
    expect(await passes(3869)).toEqual([true, true]);
    expect(await entries()).toEqual([1, 1]);

    // All are denied: it goes, and the server's next packet makes none the other way round, though it may begin what it likes.
    expect(await both([{ ...diameter, ports: undefined, action: 'deny' }])).toEqual([1, 1]);
    expect(await entries()).toEqual([0, 0]);
    expect(await passes(3869)).toEqual([false, false]);
    expect(await entries()).toEqual([0, 0]);

    await both([diameter]);
    expect(await passes(3868)).toEqual([true, true]);
  }, 40_000);

  test('the settings say that it works, and leaving it lifts the drops', async () => {
    const service = await w('b').serve(8080, { pushEveryMs: 5 });
    const stream = await w('a').subscribe(server, 8080);
    await stream.waitForBytes(500);
    await both([{ ...serving, ports: [8081] }]);
    await stream.waitForSilence(400);
    for (const daemon of overlay.daemons)
      await daemon.apply({ settings: { onPolicyChange: 'reevaluate' } }, 'effective');
    const flows = await overlay.daemons[1].flows({ table: 'orient' });
    expect(flows.filter(({ owners }) => owners[0]?.key === 'cut')).toEqual([]);
    await Promise.all([stream.close(), service.close()]);
  });
});
