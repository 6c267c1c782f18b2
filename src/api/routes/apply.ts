/**
 * Many objects in one request, all or nothing: `POST /v1/apply`; and `POST /v1/retry`, `POST /v1/resync`.
 * Neighbours: body.ts reads the envelope, the controller judges and commits.
 * Invariant: a caller who goes away does not stop a request half way: what was read whole is carried out whole.
 */
import type { FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { ApplyRequest, Controller } from '../../datapath/face.js';
import { SluiceError } from '../../model/errors.js';
import { judge } from '../../model/index.js';
import { applyRequest } from '../body.js';
import type { ApplyAnswer } from '../schemas/answers.js';
import { answers, applyContent } from '../schemas/documents.js';
import { ApplyQuery, NoQuery } from '../schemas/queries.js';

/** What the request would do, in the words of one that was done. */
function rehearse(controller: Controller, request: ApplyRequest): ApplyAnswer {
  const problems = controller.check(request);
  if (problems.length > 0) {
    const code = problems.every((problem) => problem.code === 'in_use') ? 'in_use' : 'invalid_request';
    throw new SluiceError(
      code,
      `The request has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}.`,
      {
        problems,
      },
    );
  }
  const judged = judge(controller.state, request);
  const { changes, unchanged } = judged.ok ? judged.accepted : { changes: [], unchanged: 0 };
  return {
    dryRun: true,
    generation: controller.state.generation,
    level: 'accepted',
    created: changes.filter(({ before }) => before === undefined).length,
    updated: changes.filter(({ before, after }) => before !== undefined && after !== undefined).length,
    deleted: changes.filter(({ after }) => after === undefined).length,
    unchanged,
    attention: [],
  };
}

export function applyRoutes(app: FastifyInstance, controller: Controller): void {
  const api = app.withTypeProvider<TypeBoxTypeProvider>();
  api.post(
    '/v1/apply',
    {
      schema: {
        tags: ['bulk'],
        summary: 'Create, replace and delete many objects: all of it or nothing',
        querystring: ApplyQuery,
        body: applyContent,
        response: answers.applied,
      },
    },
    async ({ body, query: { level = 'committed', cascade = false, dryRun = false, mode } }): Promise<ApplyAnswer> => {
      const request = { ...applyRequest(body), cascade, ...(mode === undefined ? {} : { mode }) };
      return dryRun ? rehearse(controller, request) : controller.apply(request, level);
    },
  );
  api.post(
    '/v1/retry',
    {
      schema: {
        tags: ['bulk'],
        summary: 'Try again what the switch refused',
        querystring: NoQuery,
        response: answers.retried,
      },
    },
    async () => ({ retried: await controller.retry() }),
  );
  api.post(
    '/v1/resync',
    {
      schema: {
        tags: ['bulk'],
        summary: 'Read the switch back now, and put right what differs',
        querystring: NoQuery,
        response: answers.resynced,
      },
    },
    () => controller.resync(),
  );
}
