/**
 * How the daemon is: `/healthz` (the process), `/readyz` (the switch is as it should be), `/version`, `GET /v1/status`.
 * Neighbours: the controller's health().
 * Invariant: /healthz asks nobody, so that it answers whatever else is stuck.
 */
import type { FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Controller } from '../../datapath/face.js';
import type { EffectiveSetting } from '../schemas/answers.js';
import { HttpError } from '../problem.js';
import { answers } from '../schemas/documents.js';
import { kindNames } from '../schemas/kinds.js';
import { NoQuery } from '../schemas/queries.js';

export interface DaemonParts {
  readonly controller: Controller;
  readonly version: string;
  /** Every setting in force, and where it came from. */
  readonly config: () => readonly EffectiveSetting[];
}

export function daemonRoutes(app: FastifyInstance, { controller, version, config }: DaemonParts): void {
  const api = app.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['daemon'];

  api.get(
    '/healthz',
    { schema: { tags, summary: 'The process is alive', querystring: NoQuery, response: answers.healthy } },
    () => ({ status: 'ok' as const, pid: process.pid }),
  );
  api.get(
    '/readyz',
    // Probes add parameters of their own (`?verbose`); here alone they are let pass.
    { schema: { tags, summary: 'The switch is connected and as it should be', response: answers.ready } },
    () => {
      const { ready, reasons } = controller.health();
      if (!ready) throw new HttpError('not_ready', reasons.join('; ') || 'The first synchronisation is not done.');
      return { ready: true as const };
    },
  );
  api.get(
    '/version',
    { schema: { tags, summary: 'Name and version', querystring: NoQuery, response: answers.version } },
    () => ({
      name: 'sluice',
      version,
      node: process.version,
    }),
  );
  api.get(
    '/v1/status',
    {
      schema: {
        tags,
        summary: 'Daemon, switch and objects at a glance',
        querystring: NoQuery,
        response: answers.status,
      },
    },
    () => {
      const { ready, reasons, generation, uplinks, switch: datapath } = controller.health();
      const objects = Object.fromEntries(kindNames.map((kind) => [kind, controller.state.collection(kind).size]));
      return {
        version,
        pid: process.pid,
        ready,
        reasons: [...reasons],
        generation,
        switch: datapath,
        uplinks: [...uplinks],
        objects,
      };
    },
  );
  api.get(
    '/v1/config',
    {
      schema: {
        tags,
        summary: 'Every setting in force, and where it came from',
        querystring: NoQuery,
        response: answers.config,
      },
    },
    () => ({ settings: [...config()] }),
  );
}
