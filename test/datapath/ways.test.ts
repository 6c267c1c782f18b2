/** What the ways of a host carry, kept up to date, and measured only where the datapath can. */
import { expect, test } from 'vitest';
import { Ways } from '../../src/datapath/ways.js';
import { emptyState, judge, type Settings } from '../../src/model/index.js';
import { silent } from '../support/quiet.js';

function settingsOf(fields: Record<string, unknown>): Settings {
  const judged = judge(emptyState(), { put: [{ kind: 'settings', datapathType: 'dummy', ...fields }] });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  return judged.accepted.state.settings;
}

function waysOf(features: string) {
  const host = {
    settings: settingsOf({ vtepIp: '172.31.0.1', vlanInterfaces: ['eth1'], underlayInterfaces: ['eth2'] }),
    mtus: new Map([
      ['eth1', 9000],
      ['eth2', 1600],
    ]),
    features,
    changes: 0,
  };
  const ways = new Ways({
    ...{ log: silent, rundir: '/nowhere', settings: () => host.settings, interfaceMtus: () => host.mtus },
    ask: (command) =>
      host.features === '' ? Promise.reject(new Error('gone')) : Promise.resolve(`${command}\n${host.features}\n`),
    changed: () => host.changes++,
  });
  return { host, ways };
}

test('nothing is measured before the datapath has said that it can', async () => {
  const { host, ways } = waysOf('Check pkt length action: Yes');
  ways.look();
  expect(ways.measured).toBeUndefined();
  expect(ways.underlay).toEqual({ vlan: 9000, vxlan: 1550 });
  await ways.connected();
  expect(ways.measured).toEqual({ vlan: 9000, vxlan: 1550 });
  expect([host.changes, ways.reasons]).toEqual([1, []]);
  ways.close();
});

test('a datapath that cannot is told of, and measures nothing', async () => {
  const { host, ways } = waysOf('Masked set action: Yes\nCheck pkt length action: No');
  await ways.connected();
  expect(ways.measured).toBeUndefined();
  expect(ways.reasons).toEqual([expect.stringContaining('cannot compare packet lengths')]);
  // A vswitchd that goes says nothing new.
  host.features = '';
  await ways.connected();
  expect(ways.reasons).toHaveLength(1);
  host.features = 'Check pkt length action: Yes';
  await ways.connected();
  expect([host.changes, ways.reasons]).toEqual([1, []]);
  ways.close();
});

test('another MTU, or another VTEP, is another measure', async () => {
  const { host, ways } = waysOf('Check pkt length action: Yes');
  await ways.connected();
  ways.look();
  expect(host.changes).toBe(1);
  host.mtus.set('eth2', 1500);
  ways.look();
  expect(ways.measured).toEqual({ vlan: 9000, vxlan: 1450 });
  await expect.poll(() => host.changes).toBe(2);
  host.settings = settingsOf({ vtepIp: 'fd00::1', underlayInterfaces: ['eth2'] });
  expect(ways.measured).toEqual({ vlan: 1500, vxlan: 1430 });
  ways.look();
  await expect.poll(() => host.changes).toBe(3);
  ways.close();
});
