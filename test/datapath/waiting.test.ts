/** What an object's status says between "accepted" and "in place", and what waits for a setting. */
import { afterEach, expect, test } from 'vitest';
import { startHost, type Host } from './bench-host.js';

let host: Host;
afterEach(async () => {
  await host?.stop();
});

const network = (name: string, tag: Record<string, number>) => ({ kind: 'network', tenant: 'blue', name, ...tag });
const objects = [
  { kind: 'tenant', name: 'blue' },
  network('lan', { vlan: 100 }),
  network('over', { vni: 5001 }),
  { kind: 'peer', vtepIp: '172.31.0.2' },
];
const stateOf = (kind: 'network' | 'peer', key: string): string => host.controller.status({ kind, key }).state;

test('an accepted object is pending until the switch has confirmed it', async () => {
  host = await startHost();
  const { generation } = await host.controller.apply({ put: objects }, 'accepted');
  expect(host.controller.status({ kind: 'network', key: 'blue/lan' })).toMatchObject({ state: 'pending', generation });
  await host.controller.settled();
  expect(host.controller.status({ kind: 'network', key: 'blue/lan' })).toMatchObject({
    state: 'committed',
    generation,
  });
});

test('VXLAN networks and peers wait for a VTEP address, and hold up nothing', async () => {
  host = await startHost();
  const { attention } = await host.controller.apply({ put: objects }, 'committed');
  const waiting = attention.map(({ ref, status }) => `${ref.key} ${status.state} for ${status.waitingFor}`);
  expect(new Set(waiting)).toEqual(
    new Set(['172.31.0.2 waiting for settings.vtepIp', 'blue/over waiting for settings.vtepIp']),
  );
  expect(stateOf('network', 'blue/lan')).toBe('committed');
  await host.controller.apply({ settings: { vtepIp: '172.31.0.1' } }, 'committed');
  expect([stateOf('network', 'blue/over'), stateOf('peer', '172.31.0.2')]).toEqual(['committed', 'committed']);
});
