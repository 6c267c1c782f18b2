/** Names and labels of metrics are public: dashboards and alerts name them. A change here needs a reason in the commit. */
import { expect, test } from 'vitest';
import { kinds } from '../../src/model/index.js';
import { SluiceError } from '../../src/model/errors.js';
import { buildTestApi } from './support.js';

test('metrics, in the text format of Prometheus', async () => {
  const { app } = buildTestApi();
  const { body, headers } = await app.inject('/metrics?format=prometheus');
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).toBe(`# HELP sluice_ready Whether the switch is as it should be.
# TYPE sluice_ready gauge
sluice_ready 1
# HELP sluice_generation Number of the desired state.
# TYPE sluice_generation gauge
sluice_generation 0
# HELP sluice_switch_connected Whether the switch answers.
# TYPE sluice_switch_connected gauge
sluice_switch_connected 1
# HELP sluice_switch_flows Flows that the switch has confirmed.
# TYPE sluice_switch_flows gauge
sluice_switch_flows 340
# HELP sluice_objects Objects of the desired state, by kind.
# TYPE sluice_objects gauge
${kinds
  .map(
    (kind) => `sluice_objects{kind="${kind}"} ${kind === 'settings' ? 1 : 0}
`,
  )
  .join('')}# HELP sluice_drift_changes_total What somebody else changed in the switch.
# TYPE sluice_drift_changes_total counter
sluice_drift_changes_total 0
# HELP sluice_dropped_packets_total Packets dropped, by reason.
# TYPE sluice_dropped_packets_total counter
sluice_dropped_packets_total{reason="spoof"} 3
sluice_dropped_packets_total{reason="policy"} 4
sluice_dropped_packets_total{reason="no_peer"} 0
# HELP sluice_dropped_bytes_total Bytes dropped, by reason.
# TYPE sluice_dropped_bytes_total counter
sluice_dropped_bytes_total{reason="spoof"} 180
sluice_dropped_bytes_total{reason="policy"} 240
sluice_dropped_bytes_total{reason="no_peer"} 0
`);
});

test('without a switch there are no drop counters, and the rest is told', async () => {
  const { app, controller } = buildTestApi();
  controller.failWith = new SluiceError('switch_unavailable', 'the switch cannot be read');
  const { statusCode, body } = await app.inject('/metrics');
  expect(statusCode).toBe(200);
  expect(body).not.toContain('dropped');
  expect(body).toContain('sluice_generation 0');
  expect((await app.inject('/v1/drops')).statusCode).toBe(503);
});

test('drops are told by reason, of policy with who denied', async () => {
  const { app } = buildTestApi();
  const { drops } = (await app.inject('/v1/drops')).json<{ drops: unknown[] }>();
  expect(drops).toHaveLength(3);
  expect(drops[1]).toMatchObject({ reason: 'policy', by: [{ owners: [{ kind: 'rule', key: 'blue/app-policy/10' }] }] });
});
