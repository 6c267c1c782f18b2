/**
 * The one shape of an error: RFC 9457 with our code, what to do, and every single problem.
 * Neighbours: ../problem.ts fills it, client.ts reads it.
 * Invariant: these keys never change silently (pinned by test/api/problem.test.ts).
 */
import { Type } from 'typebox';
import type { Static } from 'typebox';

export const Fault = Type.Object(
  {
    pointer: Type.String({
      description: 'JSON pointer into the request; `/query/…` for a query parameter, empty for the whole.',
    }),
    code: Type.String(),
    message: Type.String(),
    suggestion: Type.Optional(Type.String()),
  },
  { $id: 'Fault', examples: [{ pointer: '/objects/3/vlan', code: 'out_of_range', message: 'vlan must be 1 to 4094' }] },
);

export const ProblemDocument = Type.Object(
  {
    type: Type.String({ description: 'A URN of the code.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'One sentence about this occurrence.' }),
    instance: Type.String({ description: 'The path asked for.' }),
    code: Type.String({ description: 'Stable name of the error.' }),
    retryable: Type.Boolean(),
    todo: Type.String({ description: 'What to do about it.' }),
    problems: Type.Array(Type.Unsafe<Static<typeof Fault>>({ $ref: 'Fault#' })),
  },
  { $id: 'Problem', description: 'Every error (RFC 9457).' },
);

export type ProblemDocument = Static<typeof ProblemDocument>;
export const problemType = 'application/problem+json';
