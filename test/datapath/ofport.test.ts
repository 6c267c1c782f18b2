/** An interface's ofport as the switch tells it: not yet, refused, changed, another number after the port was made anew. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ofctlLines, startHost, type Host } from './bench-host.js';

let host: Host;
beforeEach(async () => {
  host = await startHost();
  const put = [
    { kind: 'tenant', name: 'blue' },
    { kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 7 },
  ];
  await host.controller.apply({ put }, 'committed');
});
afterEach(async () => {
  await host?.stop();
});

const ref = { kind: 'endpoint', key: 'e' } as const;
const put = [
  { kind: 'endpoint', id: 'e', tenant: 'blue', network: 'lan', mac: '02:00:00:00:00:01', interface: 'veth.e-1' },
];
const state = () => host.controller.status(ref);
const ofport = async () => Number(await host.sandbox.vsctl('get', 'interface', 'veth.e-1', 'ofport'));
const inPorts = async (port: number) =>
  (await ofctlLines(host.sandbox)).filter((line) => new RegExp(`in_port=("veth.e-1"|${port})[, ]`).test(line)).length;
const patiently = { timeout: 10_000 };

test('[] while vswitchd has not answered: the endpoint waits, and is in place when it has', async () => {
  const pid = host.sandbox.vswitchdPid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await host.controller.apply({ put }, 'accepted');
    await expect
      .poll(() => host.sandbox.vsctl('--no-wait', '--if-exists', 'get', 'interface', 'veth.e-1', 'ofport'), patiently)
      .toContain('[]');
    expect(state()).toMatchObject({ state: 'waiting', waitingFor: 'interface veth.e-1', problems: [] });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await expect.poll(() => state().state, patiently).toBe('committed');
  expect(await inPorts(await ofport())).toBeGreaterThan(0);
});

test('-1: the endpoint waits with the switch’s own words, its flows go, and it comes back by itself', async () => {
  await host.controller.apply({ put }, 'committed');
  const port = await ofport();
  await host.sandbox.vsctl('--no-wait', 'set', 'interface', 'veth.e-1', 'type=patch');
  await expect.poll(() => state(), patiently).toMatchObject({ state: 'waiting', waitingFor: 'interface veth.e-1' });
  expect(await host.sandbox.vsctl('get', 'interface', 'veth.e-1', 'ofport')).toContain('-1');
  expect(state().problems).toEqual([{ code: 'interface_missing', message: expect.stringMatching(/peer/) as string }]);
  await expect.poll(() => inPorts(port), patiently).toBe(0);
  await host.sandbox.vsctl('--no-wait', 'set', 'interface', 'veth.e-1', 'type=""');
  await expect.poll(() => state().state, patiently).toBe('committed');
  await expect.poll(async () => inPorts(await ofport()), patiently).toBeGreaterThan(0);
});

test('changed: another number is asked for, and the flows follow', async () => {
  await host.controller.apply({ put }, 'committed');
  const before = await ofport();
  await host.sandbox.vsctl('set', 'interface', 'veth.e-1', 'ofport_request=77');
  await expect.poll(ofport, patiently).toBe(77);
  expect(before).not.toBe(77);
  await expect.poll(() => inPorts(77), patiently).toBeGreaterThan(0);
  expect(state().state).toBe('committed');
});

test('renumbered: the port is taken away by hand, made anew by the daemon, and the flows follow', async () => {
  await host.controller.apply({ put }, 'committed');
  await host.sandbox.vsctl('del-port', 'br-sluice', 'veth.e-1');
  await expect.poll(() => ofport().catch(() => 0), patiently).toBeGreaterThan(0);
  await expect.poll(() => state().state, patiently).toBe('committed');
  await expect.poll(async () => inPorts(await ofport()), patiently).toBeGreaterThan(0);
});
