/**
 * Moves of host addresses that go wrong: whoever dies, and whoever does not answer, the card ends exactly as it was.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { bridge, hostIp, hostIpBench, nic, watchdogs, type HostIpBench } from './host-ip.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

/** An address that answers before the move, and not over the bridge. */
const deaf = '192.168.9.9';

const hard = [
  'addr add 192.168.1.6/24 dev eth0 noprefixroute metric 77',
  'addr add 172.16.0.1 peer 172.16.0.2 dev eth0 label eth0:p2p',
  'addr add fd00::5/64 dev eth0 nodad',
  'addr add fd00::6/64 dev eth0',
  'addr add fd00::7/64 dev eth0 valid_lft 3000 preferred_lft 0',
  'route add default via 10.0.0.1 dev eth0 metric 200 onlink',
  'route add 10.9.0.0/16 via 10.0.0.1 src 10.0.0.7 metric 50 mtu 1300 table 100',
  'route add 10.8.0.0/16 via 10.0.0.99 onlink dev eth0 proto static advmss 1200',
  'route add 10.7.0.0/16 nexthop via 10.0.0.1 weight 2 nexthop via 10.0.0.2',
  'route add blackhole 10.4.0.0/16',
  'route add ::/0 via fd00::1',
  'route add fd02::/64 via fd00::1 metric 9 expires 600',
  `addr add ${deaf}/32 dev lo`,
];

describe.skipIf(!root)('a move of host addresses', () => {
  let bench: HostIpBench;
  let before: string;
  beforeEach(async () => {
    bench = await hostIpBench(hard);
    before = await bench.picture();
  });
  afterEach(async () => {
    await bench?.stop();
  });

  const move = (fields: Record<string, unknown>) =>
    bench.client.patchSettings({ vlanInterfaces: [nic], adoptHostIp: true, ...fields });
  const movedToBridge = async () => (await bench.ip('address', 'show', 'dev', bridge)).includes(hostIp);
  const isBack = async () => {
    await bench.settles(before);
    expect(await bench.nics()).toEqual([]);
    await bench.other.waitForPing(hostIp);
  };

  test('is taken back exactly when the check address does not answer, and the uplinks are those of before', async () => {
    await bench.serve();
    await move({ checkAddress: deaf, confirmWithin: 2 });
    expect(await movedToBridge()).toBe(true);
    await isBack();
    await until('the setting is as before', async () => {
      const { vlanInterfaces } = await bench.client.get({ kind: 'settings', key: '' });
      return vlanInterfaces === undefined;
    });
    const { reasons } = await bench.client.status();
    expect(reasons.join()).toContain(
      `eth0 has its addresses back: ${deaf} did not answer and nobody confirmed within 2 s`,
    );
    expect(await bench.client.adoptions()).toMatchObject([{ nic, state: 'returned' }]);
  });

  test('is taken back exactly after kill -9 of the daemon in the middle', async () => {
    const daemon = await bench.serve();
    const asked = move({ confirmWithin: 2 }).catch(() => undefined);
    await until('the watchdog is armed', () => bench.journal() !== undefined, { everyMs: 1 });
    await daemon.kill('SIGKILL');
    await asked;
    await isBack();
  });

  test('is taken back exactly after kill -9 of the daemon during the trial', async () => {
    const daemon = await bench.serve();
    await move({ confirmWithin: 2 });
    await daemon.kill('SIGKILL');
    expect(await movedToBridge()).toBe(true);
    await isBack();
  });

  test('is taken back by the daemon when the watchdog is killed', async () => {
    await bench.serve();
    await move({ confirmWithin: 60 });
    for (const pid of await watchdogs(bench.stateDir)) process.kill(pid, 'SIGKILL');
    await isBack();
  });

  test('is undone by the next daemon when daemon and watchdog were killed', async () => {
    const daemon = await bench.serve();
    await move({ confirmWithin: 60 });
    await daemon.kill('SIGKILL');
    for (const pid of await watchdogs(bench.stateDir)) process.kill(pid, 'SIGKILL');
    expect(await movedToBridge()).toBe(true);
    await bench.serve();
    await isBack();
    expect((await bench.client.status()).reasons.join()).toContain('eth0 has its addresses back');
  });

  test('is not begun when the check address does not answer before it', async () => {
    await bench.serve();
    await expect(move({ checkAddress: '10.0.0.66' })).rejects.toMatchObject({
      problem: { problems: [{ pointer: '/checkAddress', code: 'no_answer' }] },
    });
    expect(await bench.picture()).toBe(before);
  });
});
