/**
 * A card that carries the host's only addresses becomes an uplink: refused, or adopted without anybody noticing, and back.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { bridge, filesOf, hostIp, hostIpBench, nic, otherIp, still, type HostIpBench } from './host-ip.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

describe.skipIf(!root)('a card with the only addresses of its host', () => {
  let bench: HostIpBench;
  afterEach(async () => {
    await bench?.stop();
  });

  test('is refused as an uplink, with what would be lost, and nothing changes', async () => {
    bench = await hostIpBench();
    await bench.serve();
    const before = await bench.picture();
    const refused = bench.client.patchSettings({ vlanInterfaces: [nic] });
    await expect(refused).rejects.toMatchObject({
      problem: {
        code: 'invalid_request',
        problems: [
          {
            pointer: '/vlanInterfaces/0',
            code: 'host_address',
            message: expect.stringMatching(
              /^eth0 carries 10\.0\.0\.5\/24, 10\.0\.0\.7\/24 and the default route of the host: .*--adopt-host-ip/,
            ) as string,
          },
        ],
      },
    });
    expect(await bench.picture()).toBe(before);
    expect(await bench.nics()).toEqual([]);
    await expect(bench.serve('--vlan-if', nic)).rejects.toThrow();
  });

  test('with adopt-host-ip a ping and a TCP session live on, and removal of the uplink puts everything back', async () => {
    bench = await hostIpBench();
    const { other, client } = bench;
    await bench.serve('--adopt-host-ip', '--check-address', otherIp);
    const before = await bench.picture();
    await bench.push(8080);
    const session = await other.subscribe(hostIp, 8080);
    const pings = other.startPing(hostIp, { intervalMs: 20 });
    await expect.poll(() => pings.received).toBeGreaterThan(10);

    const rehearsed = await client.patchSettings({ vlanInterfaces: [nic] }, { dryRun: true });
    expect(rehearsed.plan).toContain(`address del ${hostIp}/24 dev ${nic}`);
    expect(await bench.picture()).toBe(before);

    const applied = await client.patchSettings({ vlanInterfaces: [nic] });
    expect(applied.notes?.join()).toContain(`everything goes back unless ${otherIp} answers`);
    await until('the move is confirmed', () => bench.journal()?.state === 'adopted');
    expect(await bench.nics()).toEqual([nic]);
    const onBridge = await bench.ip('-j', 'address', 'show', 'dev', bridge);
    expect(onBridge).toContain(`"local":"${hostIp}"`);
    expect(onBridge).toContain('"mtu":1400');
    const now = pings.received;
    await expect.poll(() => pings.received).toBeGreaterThan(now + 20);

    await session.waitForBytes(2000);

    await client.patchSettings({ vlanInterfaces: [] });
    await bench.settles(before);
    const later = pings.received;
    await expect.poll(() => pings.received).toBeGreaterThan(later + 20);
    const { lost, sent } = await pings.stop();
    console.info(`host addresses moved and moved back: ${lost} of ${sent} pings lost`);
    expect(lost).toBeLessThan(10);
    expect(filesOf(bench.stateDir)).toEqual([]);
    // The session of before, not a new one.
    await session.waitForBytes(2000);
    await session.close();
  });

  test('without a check address it waits for `sluice uplink confirm`, and stays through a restart of the daemon', async () => {
    bench = await hostIpBench();
    const { client } = bench;
    const daemon = await bench.serve('--adopt-host-ip', '--confirm-within', '30');
    const before = await bench.picture();
    await expect(client.confirmUplinks()).rejects.toMatchObject({ problem: { code: 'conflict' } });
    await client.patchSettings({ vlanInterfaces: [nic] });
    expect(await client.adoptions()).toMatchObject([{ nic, bridge, state: 'moved' }]);
    expect(await client.confirmUplinks()).toEqual([nic]);
    await until('the move is confirmed', () => bench.journal()?.state === 'adopted');
    const moved = await bench.ip('-j', '-4', 'address', 'show', 'dev', bridge);
    await daemon.kill('SIGKILL');
    await bench.serve('--adopt-host-ip');
    await until('the daemon is ready', async () => (await client.status()).ready);
    expect((await client.status()).reasons).toEqual([]);
    expect(still(await bench.ip('-j', '-4', 'address', 'show', 'dev', bridge))).toBe(still(moved));
    await client.patchSettings({ vlanInterfaces: [] });
    await bench.settles(before);
    expect(filesOf(bench.stateDir)).toEqual([]);
  });

  test('after a boot, which gives the card its address again while the switch has the card, it moves again', async () => {
    bench = await hostIpBench();
    const { client } = bench;
    const flags = ['--adopt-host-ip', '--check-address', otherIp, '--vlan-if', nic];
    const daemon = await bench.serve(...flags);
    await until('the move is confirmed', () => bench.journal()?.state === 'adopted');
    await daemon.kill('SIGKILL');
    await bench.ip('address', 'flush', 'dev', bridge);
    await bench.host.exec('sh', '-c', `echo 0 > /proc/sys/net/ipv4/conf/${nic}/rp_filter`);
    await bench.ip('address', 'add', `${hostIp}/24`, 'brd', '+', 'dev', nic);
    await bench.ip('route', 'add', 'default', 'via', otherIp, 'src', hostIp, 'dev', nic);
    expect(await bench.nics()).toEqual([nic]);
    await bench.serve(...flags);
    await until('it is on the bridge again', async () =>
      (await bench.ip('address', 'show', 'dev', bridge)).includes(hostIp),
    );
    await until('the move is confirmed', () => bench.journal()?.state === 'adopted');
    await bench.other.waitForPing(hostIp);
    expect((await client.status()).reasons).toEqual([]);
  });

  test('a switch that lost its bridges gets them again, and the host its addresses', async () => {
    bench = await hostIpBench();
    const { log } = await bench.serve('--adopt-host-ip', '--check-address', otherIp, '--vlan-if', nic);
    await until('the move is confirmed', () => bench.journal()?.state === 'adopted');
    await bench.other.waitForPing(hostIp);
    await bench.host.sandbox.vsctl('del-br', bridge);
    // One answer alone may have come over the old bridge, or over the bare card in the middle of the move.
    await until(
      'the new bridge has card and addresses',
      async () =>
        (await bench.nics()).includes(nic) &&
        (await bench.ip('address', 'show', 'dev', bridge).catch(() => '')).includes(hostIp),
      { timeoutMs: 20_000, everyMs: 50, detail: () => log.map((line) => JSON.stringify(line)).join('\n') },
    );
    await bench.other.waitForPing(hostIp);
    await until('the move is confirmed', () => bench.journal()?.state === 'adopted');
  });
});
