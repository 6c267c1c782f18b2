/**
 * Paths that are none: says what is meant, or which methods the path has.
 * Neighbours: app.ts installs it after all routes.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SluiceError } from '../model/errors.js';
import { nearest } from '../model/suggest.js';
import { HttpError, sendProblem } from './problem.js';
import { isKind, keyForm, kindNames, kindOfWord } from './schemas/kinds.js';

const others = ['apply', 'flows', 'trace', 'retry', 'resync', 'status'];

/** `/v1/:kind/:name` against `/v1/network/blue`. */
function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return wanted.length === given.length && wanted.every((part, i) => part.startsWith(':') || part === given[i]);
}

function explain(path: string): { detail: string; suggestion?: string } {
  const [, v1 = '', word = ''] = path.split('/');
  if (v1 !== 'v1' || word === '') {
    const near = nearest(`/${v1}`, ['/v1', '/docs', '/healthz', '/readyz', '/version']);
    return { detail: `There is nothing at ${path}.`, ...(near && { suggestion: `did you mean ${near}?` }) };
  }
  if (isKind(word)) {
    const form = keyForm(word);
    return { detail: `A path to a ${word} is /v1/${word}${form === '' ? '' : `/${form}`}.` };
  }
  const near = kindOfWord(word) ?? nearest(word, [...kindNames, ...others]);
  return {
    detail: `There is no kind "${word}".`,
    suggestion: near === undefined ? `kinds are ${kindNames.join(', ')}` : `did you mean /v1/${near}?`,
  };
}

export function notFound(app: FastifyInstance): (request: FastifyRequest, reply: FastifyReply) => void {
  const routes = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = routes.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    routes.set(url, methods);
  });
  return (request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const methods = [...routes].filter(([url]) => matches(url, path)).flatMap(([, each]) => [...each]);
    if (methods.length > 0) {
      void reply.header('allow', methods.join(', '));
      void sendProblem(new HttpError('method_not_allowed', `${path} does not know ${request.method}.`), request, reply);
      return;
    }
    const { detail, suggestion } = explain(path);
    const problems = [{ pointer: '', code: 'no_such_path', message: detail, ...(suggestion && { suggestion }) }];
    void sendProblem(new SluiceError('not_found', detail, { problems }), request, reply);
  };
}
