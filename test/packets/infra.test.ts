/**
 * Infra networks: the hosts themselves take part, each by a port named as the network.
 * Needs root for network namespaces; says so and skips otherwise.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { buildOverlay, type Overlay } from './overlay.js';

const root = process.getuid?.() === 0;
if (!root) console.warn('skipped: packet tests need root for network namespaces');

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'mgmt', type: 'infra', vlan: 200, subnet: '10.8.0.0/24' },
];
const macs = ['02:00:00:00:08:01', '02:00:00:00:08:02'] as const;

/** A host as an endpoint: here by its port, elsewhere on the VLAN. */
const hostOf = (of: 0 | 1, on: 0 | 1) => ({
  ...{
    kind: 'endpoint',
    id: `host${of + 1}`,
    tenant: 'blue',
    network: 'mgmt',
    mac: macs[of],
    ipv4: `10.8.0.${of + 1}`,
  },
  ...(of === on ? { interface: 'mgmt' } : {}),
});

describe.skipIf(!root)('an infra network', () => {
  let overlay: Overlay;
  beforeAll(async () => {
    overlay = await buildOverlay(objects, []);
    for (const on of [0, 1] as const) {
      await overlay.daemons[on].apply({ put: [hostOf(0, on), hostOf(1, on)] }, 'effective');
      await overlay.hosts[on].exec('ip', 'addr', 'add', `10.8.0.${on + 1}/24`, 'dev', 'mgmt');
      await overlay.hosts[on].exec('ip', 'link', 'set', 'mgmt', 'up');
    }
  });
  afterAll(async () => {
    await overlay?.stop();
  });

  test('its port in the host has the endpoint’s MAC', async () => {
    for (const on of [0, 1] as const) {
      expect(await overlay.hosts[on].exec('ip', 'link', 'show', 'mgmt')).toContain(macs[on]);
      expect(overlay.daemons[on].status({ kind: 'endpoint', key: `host${on + 1}` })).toMatchObject({
        state: 'committed',
      });
    }
  });

  test('the hosts reach each other by it, tagged on the uplink', async () => {
    const [here, there] = overlay.hosts;
    const pinged = async () =>
      (await here.exec('sh', '-c', 'ping -n -c 1 -W 0.3 10.8.0.2 || true')).includes('1 received');
    await until('host 1 reaches host 2', pinged, { timeoutMs: 10_000 });
    const wire = await there.capture('eth1', 'vlan 200 and icmp');
    await here.exec('ping', '-n', '-c', '2', '-i', '0.05', '10.8.0.2');
    expect((await wire.stop()).length).toBeGreaterThan(1);
  });

  test('a changed MAC is set, and a deleted network takes its port with it', async () => {
    const [daemon] = overlay.daemons;
    const [host] = overlay.hosts;
    await daemon.apply({ put: [{ ...hostOf(0, 0), mac: '02:00:00:00:08:11' }] }, 'effective');
    await until('the port has the new MAC', async () =>
      (await host.exec('ip', 'link', 'show', 'mgmt')).includes('02:00:00:00:08:11'),
    );
    await daemon.apply({ delete: [{ kind: 'network', key: 'blue/mgmt' }], cascade: true }, 'effective');
    await until('the port is gone', async () => !(await host.exec('ip', '-br', 'link')).includes('mgmt'));
  });
});
