/**
 * The HTTP application: routes, docs, one shape of errors. It speaks to the rest of the house through Controller only.
 * Neighbours: src/main.ts builds one per listener (a TCP one with a token) and hands it to listen.ts.
 * Invariant: every answer that is not a success is application/problem+json, whoever refused: route, router or parser.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import Fastify, { LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Controller } from '../datapath/face.js';
import { parseNdjson } from './body.js';
import { addDocs } from './docs.js';
import { parseJson } from './json.js';
import { notFound } from './not-found.js';
import { HttpError, problemDocument, sendProblem } from './problem.js';
import { compileValidator } from './query.js';
import { applyRoutes } from './routes/apply.js';
import { daemonRoutes, type DaemonParts } from './routes/daemon.js';
import { eventRoutes } from './routes/events.js';
import { explainRoutes } from './routes/explain.js';
import { metricsRoutes } from './routes/metrics.js';
import { objectRoutes } from './routes/objects.js';
import { uplinkRoutes } from './routes/uplink.js';
import { problemType } from './schemas/problem.js';

export interface ApiOptions {
  readonly controller: Controller;
  /** Sluice's own version. */
  readonly version: string;
  /** Every setting in force, and where it came from. */
  readonly config?: DaemonParts['config'];
  /** The time that events are marked with; the system's unless a test says otherwise. */
  readonly now?: () => Date;
  /** A pino logger, or none. */
  readonly logger?: FastifyBaseLogger;
  /** When set, callers must send it as a bearer token (TCP listeners). */
  readonly token?: string;
}

/** 100,000 objects are about 25 MB; this is where we stop believing that a body is meant. */
const bodyLimitBytes = 256 * 1024 * 1024;

export function buildApi(options: ApiOptions): FastifyInstance {
  const { controller, version, config = () => [], logger, token, now = () => new Date() } = options;
  const app = Fastify({
    ...(logger === undefined ? {} : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: 1024 },
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    clientErrorHandler(_error, socket) {
      const body = JSON.stringify(problemDocument('malformed', 'This is not HTTP.', ''));
      if (!socket.writable) return;
      const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(body)}`;
      socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
    },
  });
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler(notFound(app));
  readBodies(app);
  if (token !== undefined) requireToken(app, token);
  app.addHook('onResponse', (request, reply, done) => {
    const fields = { method: request.method, path: request.url, status: reply.statusCode, ms: reply.elapsedTime };
    request.log.debug(fields, 'request answered');
    done();
  });
  addDocs(app, version);
  void app.register((scope, _options, done) => {
    applyRoutes(scope, controller);
    objectRoutes(scope, controller);
    explainRoutes(scope, controller);
    metricsRoutes(scope, controller);
    eventRoutes(scope, controller, now);
    uplinkRoutes(scope, controller);
    daemonRoutes(scope, { controller, version, config });
    done();
  });
  return app;
}

function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, text: string) =>
    // An empty body is none: some clients name a type even when they DELETE.
    text === '' ? undefined : parseJson(text),
  );
  app.addContentTypeParser('application/x-ndjson', { parseAs: 'string' }, async (_request: unknown, text: string) =>
    parseNdjson(text),
  );
}

function requireToken(app: FastifyInstance, token: string): void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  app.addHook('onRequest', async (request, reply) => {
    if (['/healthz', '/readyz'].includes(request.url)) return;
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), wanted)) return;
    void reply.header('www-authenticate', 'Bearer');
    throw new HttpError('unauthorized', 'This listener asks for a token.');
  });
}
