/**
 * Which flows there are and whose: `GET /v1/flows`; what was dropped: `GET /v1/drops`; what a packet would meet and why: `GET /v1/trace`.
 * Neighbours: the controller answers both.
 * Invariant: `format=text` is byte for byte what `ovs-ofctl -O OpenFlow15 --no-stats --names dump-flows` prints.
 */
import type { FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Controller, FlowQuery } from '../../datapath/face.js';
import { SluiceError } from '../../model/errors.js';
import { refOfText } from '../body.js';
import { missing } from '../missing.js';
import { answers } from '../schemas/documents.js';
import { FlowsQuery, NoQuery, TraceParameters } from '../schemas/queries.js';

export function explainRoutes(app: FastifyInstance, controller: Controller): void {
  const api = app.withTypeProvider<TypeBoxTypeProvider>();

  api.get(
    '/v1/flows',
    {
      schema: {
        tags: ['explain'],
        summary: 'Flows, each with its owner',
        querystring: FlowsQuery,
        response: answers.flows,
      },
    },
    async ({ query: { format = 'json', owner, table, source = 'confirmed' } }, reply) => {
      const ref = owner === undefined ? undefined : refOfText(owner, '/query/owner');
      if (ref !== undefined && controller.state.object(ref) === undefined) throw missing(controller.state, ref);
      const query: FlowQuery = { source, ...(ref && { owner: ref }), ...(table !== undefined && { table }) };
      const flows = await controller.flows(query);
      if (format === 'json') return { flows };
      void reply.type('text/plain; charset=utf-8');
      return flows.map(({ text }) => ` ${text}\n`).join('');
    },
  );

  api.get(
    '/v1/drops',
    {
      schema: {
        tags: ['explain'],
        summary: 'Dropped packets by reason, read from the switch now',
        querystring: NoQuery,
        response: answers.drops,
      },
    },
    async () => ({ drops: await controller.drops() }),
  );

  api.get(
    '/v1/trace',
    {
      schema: {
        tags: ['explain'],
        summary: 'What a packet would meet, table by table, and who decides',
        querystring: TraceParameters,
        response: answers.traced,
      },
    },
    async ({ query }) => {
      if (query.flow === undefined && query.from === undefined) {
        throw new SluiceError('malformed', 'A trace needs `from`, the endpoint that sends, or `flow`, a raw flow.', {
          problems: [{ pointer: '/query/from', code: 'missing_parameter', message: 'from is missing' }],
        });
      }
      return controller.trace(query);
    },
  );
}
