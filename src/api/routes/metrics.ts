/**
 * `GET /metrics`, for Prometheus: what the daemon and its switch are doing, in numbers.
 * Neighbours: the controller's health() and drops().
 * Invariant: names and labels never change silently (pinned by test/api/metrics.test.ts); labels come from closed sets.
 */
import type { FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Controller, DropCount } from '../../datapath/face.js';
import { answers } from '../schemas/documents.js';
import { kindNames } from '../schemas/kinds.js';

/** A family of samples: HELP, TYPE, and a line for each. */
function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly (readonly [string, number])[],
) {
  const lines = samples.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

function dropFamilies(drops: readonly DropCount[]): string[] {
  const byReason = (of: (drop: DropCount) => number) =>
    drops.map((drop) => [`reason="${drop.reason}"`, of(drop)] as const);
  return [
    family(
      'sluice_dropped_packets_total',
      'counter',
      'Packets dropped, by reason.',
      byReason(({ packets }) => packets),
    ),
    family(
      'sluice_dropped_bytes_total',
      'counter',
      'Bytes dropped, by reason.',
      byReason(({ bytes }) => bytes),
    ),
  ];
}

export function metricsRoutes(app: FastifyInstance, controller: Controller): void {
  const api = app.withTypeProvider<TypeBoxTypeProvider>();
  api.get(
    '/metrics',
    // Scrapers add parameters of their own.
    { schema: { tags: ['daemon'], summary: 'Metrics for Prometheus', response: answers.metrics } },
    async (_request, reply) => {
      const { ready, generation, switch: datapath } = controller.health();
      // Without a switch there is nothing to count; the other numbers say so.
      const drops = datapath.connected ? await controller.drops().catch(() => []) : [];
      const objects = kindNames.map((kind) => [`kind="${kind}"`, controller.state.collection(kind).size] as const);
      void reply.type('text/plain; version=0.0.4; charset=utf-8');
      return [
        family('sluice_ready', 'gauge', 'Whether the switch is as it should be.', [['', Number(ready)]]),
        family('sluice_generation', 'gauge', 'Number of the desired state.', [['', generation]]),
        family('sluice_switch_connected', 'gauge', 'Whether the switch answers.', [['', Number(datapath.connected)]]),
        family('sluice_switch_flows', 'gauge', 'Flows that the switch has confirmed.', [['', datapath.flows]]),
        family('sluice_objects', 'gauge', 'Objects of the desired state, by kind.', objects),
        family('sluice_drift_changes_total', 'counter', 'What somebody else changed in the switch.', [
          ['', datapath.drift?.changes ?? 0],
        ]),
        ...(drops.length === 0 ? [] : dropFamilies(drops)),
      ].join('');
    },
  );
}
