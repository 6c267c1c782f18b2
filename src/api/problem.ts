/**
 * Any error to the one RFC 9457 shape.
 * Neighbours: model/errors.ts has the table of codes; app.ts installs this as error handler of every route.
 * Invariant: no message of an unforeseen error leaves the daemon; it goes to the log with the request's id.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { SluiceError, errorCodes } from '../model/errors.js';
import type { Problem } from '../model/errors.js';
import { problemType } from './schemas/problem.js';
import type { ProblemDocument } from './schemas/problem.js';

interface CodeRow {
  readonly status: number;
  readonly retryable: boolean;
  readonly title: string;
  readonly todo: string;
}

/** What only HTTP can get wrong; no other room ever sees these. */
const httpCodes = {
  unauthorized: {
    status: 401,
    retryable: false,
    title: 'The caller has not shown the token.',
    todo: 'Send `Authorization: Bearer <token>` with the token of --token-file, or use the unix socket.',
  },
  method_not_allowed: {
    status: 405,
    retryable: false,
    title: 'The path does not know this method.',
    todo: 'See the Allow header, or /docs.',
  },
  too_large: {
    status: 413,
    retryable: false,
    title: 'The request is larger than the daemon takes.',
    todo: 'Send it in several requests.',
  },
  unsupported_media: {
    status: 415,
    retryable: false,
    title: 'The body is in a format the daemon does not read.',
    todo: 'Send `Content-Type: application/json`, or application/x-ndjson to /v1/apply.',
  },
  not_ready: {
    status: 503,
    retryable: true,
    title: 'The daemon is up, but the switch is not yet as it should be.',
    todo: 'Wait; the reasons say for what.',
  },
} as const satisfies Record<string, CodeRow>;

export type HttpCode = keyof typeof httpCodes;

const rows: Readonly<Record<string, CodeRow>> = { ...errorCodes, ...httpCodes };

/** An error that only makes sense over HTTP. */
export class HttpError extends Error {
  readonly code: HttpCode;

  constructor(code: HttpCode, detail: string) {
    super(detail);
    this.name = 'HttpError';
    this.code = code;
  }
}

export function problemDocument(
  code: string,
  detail: string,
  instance: string,
  problems: readonly Problem[] = [],
): ProblemDocument {
  const row = rows[code] ?? errorCodes.internal;
  return {
    type: `urn:sluice:error:${code}`,
    title: row.title,
    status: row.status,
    detail,
    instance,
    code,
    retryable: row.retryable,
    todo: row.todo,
    problems: problems.map((problem) => ({ ...problem })),
  };
}

/** Fastify's own refusals, by status; anything else of its is a fault of ours. */
const codeByStatus: Readonly<Record<number, string>> = {
  400: 'malformed',
  404: 'not_found',
  413: 'too_large',
  414: 'malformed',
  415: 'unsupported_media',
};

function describe(error: FastifyError | Error, instance: string): ProblemDocument {
  if (error instanceof SluiceError) return problemDocument(error.code, error.message, instance, error.problems);
  if (error instanceof HttpError) return problemDocument(error.code, error.message, instance);
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  const code = codeByStatus[status];
  if (code !== undefined) return problemDocument(code, error.message, instance);
  return problemDocument('internal', 'The daemon met something it did not foresee.', instance);
}

export function sendProblem(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const document = describe(error, request.url.split('?')[0] ?? request.url);
  if (document.code === 'internal') request.log.error({ err: error, path: document.instance }, 'request failed');
  // Bytes, since neither a route's serialiser nor a charset may touch them (RFC 9457 registers none).
  return reply
    .code(document.status)
    .type(problemType)
    .send(Buffer.from(JSON.stringify(document)));
}
