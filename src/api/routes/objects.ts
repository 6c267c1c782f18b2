/**
 * One object: `PUT/GET/DELETE /v1/<kind>/<key…>`, and `GET /v1/<kind>` for all of a kind.
 * Neighbours: schemas/kinds.ts gives the paths, the controller does the work.
 * Invariant: what GET answers, without `status`, can be PUT again and changes nothing.
 */
import type { FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Controller, ObjectStatus } from '../../datapath/face.js';
import { SluiceError } from '../../model/errors.js';
import type { Problem } from '../../model/errors.js';
import { normalKey } from '../../model/index.js';
import type { AnyObject, Kind, Ref } from '../../model/index.js';
import { missing } from '../missing.js';
import { isRecord } from '../query.js';
import type { ApplyAnswer } from '../schemas/answers.js';
import { kindNames, kinds } from '../schemas/kinds.js';
import { ChangeQuery, DeleteQuery, NoQuery, SettingsQuery } from '../schemas/queries.js';
import { answers, keyParams, objectBody } from '../schemas/documents.js';

type Fields = Readonly<Record<string, string>>;

function pathFor(kind: Kind): string {
  return ['/v1', kind, ...kinds[kind].key.map((field) => `:${field}`)].join('/');
}

function refFor(kind: Kind, fields: Fields): Ref {
  return { kind, key: normalKey(kind, kinds[kind].key.map((field) => fields[field] ?? '').join('/')) };
}

/** The body with what the path says filled in; a body that says otherwise is refused rather than believed. */
function withPath(kind: Kind, fields: Fields, body: unknown): Record<string, unknown> {
  if (!isRecord(body)) throw new SluiceError('malformed', `The body is not a ${kind} in JSON.`);
  const path: Fields = { kind, ...Object.fromEntries(kinds[kind].key.map((field) => [field, fields[field] ?? ''])) };
  const problems: Problem[] = [];
  const filled: Record<string, unknown> = { ...body };
  // GET's answer may be sent back as it is.
  delete filled['status'];
  for (const [field, inPath] of Object.entries(path)) {
    const inBody = filled[field];
    filled[field] ??= inPath;
    if (inBody === undefined || sameKey(inBody, inPath)) continue;
    const message = `the path says ${field} is "${inPath}", the body says ${JSON.stringify(inBody)}`;
    problems.push({ pointer: `/${field}`, code: 'contradiction', message, suggestion: inPath });
  }
  if (problems.length === 0) return filled;
  throw new SluiceError('invalid_request', 'The body contradicts the path.', { problems });
}

function sameKey(inBody: unknown, inPath: string): boolean {
  return (typeof inBody === 'string' || typeof inBody === 'number') && String(inBody) === inPath;
}

/** The controller counts objects of a request; here the whole body is the one object. */
async function onePointer<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const problems = error.problems.map((problem) => ({
      ...problem,
      pointer: problem.pointer.replace(/^\/(objects|delete)\/0(?=\/|$)/, ''),
    }));
    throw new SluiceError(error.code, error.message, { problems, cause: error.cause });
  }
}

function answer(object: AnyObject, status: ObjectStatus): { [field: string]: unknown } {
  return { ...object.spec, status };
}

/** What a change of settings would do, in the words of one that was done; and to this host. */
async function rehearseSettings(controller: Controller, fields: Record<string, unknown>): Promise<ApplyAnswer> {
  const { problems, lines, notes } = await controller.planSettings(fields);
  if (problems.length > 0) throw new SluiceError('invalid_request', 'The change would be refused.', { problems });
  const { generation } = controller.state;
  const counts = { created: 0, updated: 1, deleted: 0, unchanged: 0 };
  return { dryRun: true, generation, level: 'accepted', ...counts, attention: [], plan: [...lines], notes: [...notes] };
}

export function objectRoutes(app: FastifyInstance, controller: Controller): void {
  for (const kind of kindNames) kindRoutes(app, controller, kind);
}

function kindRoutes(app: FastifyInstance, controller: Controller, kind: Kind): void {
  const api = app.withTypeProvider<TypeBoxTypeProvider>();
  const path = pathFor(kind);
  const tags = [kinds[kind].plural];

  const find = (fields: Fields): AnyObject => {
    const ref = refFor(kind, fields);
    const object: AnyObject | undefined = controller.state.object(ref);
    if (object === undefined) throw missing(controller.state, ref);
    return object;
  };

  if (kind !== 'settings') {
    api.get(
      `/v1/${kind}`,
      { schema: { tags, summary: `All ${kinds[kind].plural}`, querystring: NoQuery, response: answers.list(kind) } },
      () => ({
        items: Array.from(controller.state.collection(kind), (object: AnyObject) =>
          answer(object, controller.status({ kind, key: object.key })),
        ),
      }),
    );
    api.delete(
      path,
      {
        schema: {
          tags,
          summary: `Delete a ${kind}; success when there is none`,
          params: keyParams(kind),
          querystring: DeleteQuery,
          response: answers.applied,
        },
      },
      ({ params, query: { level = 'committed', cascade = false } }) =>
        onePointer(controller.apply({ delete: [refFor(kind, params)], cascade }, level)),
    );
  }
  if (kind === 'settings') {
    api.patch(
      path,
      {
        schema: {
          tags,
          summary: 'Change some settings; null resets one, what is not named stays',
          querystring: SettingsQuery,
          body: objectBody(kind),
          response: answers.applied,
        },
      },
      ({ body, query: { level = 'committed', dryRun = false } }): Promise<ApplyAnswer> => {
        const settings = withPath(kind, {}, body);
        return onePointer(dryRun ? rehearseSettings(controller, settings) : controller.apply({ settings }, level));
      },
    );
  }
  api.get(
    path,
    {
      schema: {
        tags,
        summary: `One ${kind}, with its status and counters`,
        params: keyParams(kind),
        querystring: NoQuery,
        response: answers.got(kind),
      },
    },
    async ({ params }) => {
      const object = find(params);
      return answer(object, await controller.countedStatus({ kind, key: object.key }));
    },
  );
  api.put(
    path,
    {
      schema: {
        tags,
        summary: `Create or replace a ${kind}`,
        params: keyParams(kind),
        querystring: ChangeQuery,
        body: objectBody(kind),
        response: answers.put(kind),
      },
    },
    async ({ params, body, query: { level = 'committed' } }, reply) => {
      const object = withPath(kind, params, body);
      const result = await onePointer(controller.apply({ put: [object] }, level));
      void reply.code(result.created > 0 ? 201 : 200);
      const stored = find(params);
      return answer(stored, controller.status({ kind, key: stored.key }));
    },
  );
}
