/**
 * Host addresses that uplink bridges carry: `GET /v1/uplink`, and `POST /v1/uplink/confirm` for a move on trial.
 * Neighbours: the controller's adoptions(); `sluice uplink` asks.
 */
import type { FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Controller } from '../../datapath/face.js';
import { SluiceError } from '../../model/errors.js';
import { answers } from '../schemas/documents.js';
import { NoQuery } from '../schemas/queries.js';

export function uplinkRoutes(app: FastifyInstance, controller: Controller): void {
  const api = app.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['daemon'];
  api.get(
    '/v1/uplink',
    {
      schema: {
        tags,
        summary: 'Network cards whose host addresses an uplink bridge carries, or carried',
        querystring: NoQuery,
        response: answers.adoptions,
      },
    },
    () => ({ adoptions: controller.adoptions().map((each) => ({ ...each, addresses: [...each.addresses] })) }),
  );
  api.post(
    '/v1/uplink/confirm',
    {
      schema: {
        tags,
        summary:
          'Keep moved host addresses where they are: without it, or an answer of the check address, they go back',
        querystring: NoQuery,
        response: answers.confirmed,
      },
    },
    () => {
      const confirmed = [...controller.confirmUplinks()];
      if (confirmed.length === 0)
        throw new SluiceError('conflict', 'No move of host addresses waits for a confirmation.');
      return { confirmed };
    },
  );
}
