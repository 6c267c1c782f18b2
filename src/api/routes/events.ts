/**
 * `GET /v1/events`: what happens from now on, a line of JSON each (NDJSON), until the caller hangs up.
 * Neighbours: the controller's subscribe(); src/cli/events.ts prints them.
 * Invariants: a caller that does not read is let go of rather than kept in memory; a stopping daemon ends every stream.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Controller } from '../../datapath/face.js';
import { answers } from '../schemas/documents.js';
import { NoQuery } from '../schemas/queries.js';

/** What may wait for one reader: some thousand events. */
const mostWaitingBytes = 1 << 20;

export function eventRoutes(app: FastifyInstance, controller: Controller, now: () => Date): void {
  const open = new Set<ServerResponse>();
  app.addHook('preClose', (done) => {
    for (const stream of open) stream.end();
    done();
  });
  app.withTypeProvider<TypeBoxTypeProvider>().get(
    '/v1/events',
    {
      schema: {
        tags: ['daemon'],
        summary: 'What happens from now on, a line of JSON each',
        querystring: NoQuery,
        response: answers.events,
      },
    },
    (_request, reply) => {
      reply.hijack();
      const stream = reply.raw;
      open.add(stream);
      const unsubscribe = controller.subscribe((event) => {
        if (stream.writableLength > mostWaitingBytes) stream.destroy();
        else stream.write(`${JSON.stringify({ at: now().toISOString(), ...event })}\n`);
      });
      stream.on('close', () => {
        unsubscribe();
        open.delete(stream);
      });
      stream.writeHead(200, { 'content-type': 'application/x-ndjson' });
      stream.flushHeaders();
    },
  );
}
