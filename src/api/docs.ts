/**
 * The OpenAPI 3.1 document at /docs/json and its page at /docs; everything is served from this host.
 * Neighbours: schemas/documents.ts has the shapes, the routes their own entries.
 * Invariant: registered before any route, since it learns of routes as they are added.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { components, tags } from './schemas/documents.js';

const description = `Callers state objects; Sluice keeps Open vSwitch so. A request is judged whole: everything in it is
accepted, or nothing, with the list of all problems. Objects may be sent in any order. Errors are RFC 9457 problems.

\`curl --unix-socket /run/sluice/sluice.sock http://localhost/v1/status\``;

export function addDocs(app: FastifyInstance, version: string): void {
  for (const component of components) app.addSchema(component);
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Sluice', version, description },
      tags: [...tags],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'On TCP only.' } } },
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema.$id === 'string' ? schema.$id : `def-${index}`,
    },
  });
  void app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { validatorUrl: null } });
}
