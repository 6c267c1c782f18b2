/**
 * Bodies and answers of every route as the documentation names them; shapes are kept once, as components.
 * Neighbours: ../docs.ts registers the components, the routes name them.
 * Invariant: nothing here validates or serialises: the model judges bodies, answers are plain JSON.
 */
import { Type } from 'typebox';
import type { Static, TObject } from 'typebox';
import { kinds as all, schemas } from '../../model/index.js';
import type { Kind } from '../../model/index.js';
import {
  AdoptionAnswer,
  ApplyAnswer,
  DropAnswer,
  FlowAnswer,
  Reference,
  SettingAnswer,
  Status,
  StatusAnswer,
  TraceAnswer,
  UplinkAnswer,
} from './answers.js';
import { kinds } from './kinds.js';
import { Fault, ProblemDocument, problemType } from './problem.js';

const objects: Readonly<Record<Kind, TObject>> = schemas;

const nameOf = (kind: Kind): string => kind.charAt(0).toUpperCase() + kind.slice(1);

/** What GET answers: the object in normal form, and its status. */
function withStatus(kind: Kind): object {
  const { properties, ...rest } = objects[kind];
  return {
    ...rest,
    $id: `${nameOf(kind)}Answer`,
    properties: { ...properties, status: { $ref: 'Status#' } },
    examples: [],
  };
}

/** Every named shape, for the components of the OpenAPI document. */
export const components: readonly object[] = [
  Fault,
  ProblemDocument,
  Reference,
  Status,
  ApplyAnswer,
  AdoptionAnswer,
  FlowAnswer,
  DropAnswer,
  TraceAnswer,
  UplinkAnswer,
  StatusAnswer,
  SettingAnswer,
  ...all.map((kind) => ({ ...objects[kind], $id: nameOf(kind) })),
  ...all.map(withStatus),
];

const ref = <T>(name: string) => Type.Unsafe<T>({ $ref: `${name}#` });

const problem = (description: string) => ({
  description,
  content: { [problemType]: { schema: { $ref: 'Problem#' } } },
});

const refused = {
  400: problem('The request could not be read.'),
  409: problem('Other objects refer to it; nothing changed.'),
  422: problem('Refused with every problem found; nothing changed.'),
  504: problem('Stored, but the switch has not confirmed it in time.'),
};

interface AnyJson {
  [field: string]: unknown;
}

const objectAnswer = (kind: Kind) => ref<AnyJson>(`${nameOf(kind)}Answer`);

export const answers = {
  applied: { 200: ref<Static<typeof ApplyAnswer>>('ApplyAnswer'), ...refused },
  got: (kind: Kind) => ({ 200: objectAnswer(kind), 404: problem(`There is no such ${kind}.`) }),
  put: (kind: Kind) => ({ 200: objectAnswer(kind), 201: objectAnswer(kind), ...refused }),
  list: (kind: Kind) => ({ 200: Type.Object({ items: Type.Array(objectAnswer(kind)) }) }),
  flows: {
    200: {
      description: 'Flows, in the order of their tables.',
      content: {
        'application/json': { schema: Type.Object({ flows: Type.Array(ref<Static<typeof FlowAnswer>>('Flow')) }) },
        'text/plain': { schema: Type.String({ examples: ['cookie=0x7…, table=0, priority=100,… actions=…'] }) },
      },
    },
    400: problem('The request could not be read.'),
    404: problem('There is no such object.'),
    503: problem('The switch cannot be reached.'),
  },
  drops: {
    200: Type.Object({ drops: Type.Array(ref<Static<typeof DropAnswer>>('Drop')) }),
    503: problem('The switch cannot be reached.'),
  },
  events: {
    200: {
      description: 'Events, as they happen.',
      content: {
        'application/x-ndjson': {
          schema: Type.String({
            examples: ['{"at":"2026-01-01T00:00:00.000Z","type":"committed","message":"3 flows added"}'],
          }),
        },
      },
    },
  },
  metrics: {
    200: {
      description: 'Metrics in the text format of Prometheus.',
      content: {
        'text/plain': { schema: Type.String({ examples: ['sluice_dropped_packets_total{reason="spoof"} 3'] }) },
      },
    },
  },
  traced: {
    200: ref<Static<typeof TraceAnswer>>('Trace'),
    400: problem('The request could not be read.'),
    404: problem('There is no such endpoint.'),
    503: problem('The switch cannot be reached.'),
  },
  status: { 200: ref<Static<typeof StatusAnswer>>('DaemonStatus') },
  config: {
    200: Type.Object({ settings: Type.Array(ref<Static<typeof SettingAnswer>>('EffectiveSetting')) }),
  },
  adoptions: { 200: Type.Object({ adoptions: Type.Array(ref<Static<typeof AdoptionAnswer>>('Adoption')) }) },
  confirmed: {
    200: Type.Object({ confirmed: Type.Array(Type.String()) }),
    409: problem('Nothing waits for a confirmation.'),
  },
  retried: { 200: Type.Object({ retried: Type.Integer({ description: 'Objects tried again.' }) }) },
  resynced: {
    200: Type.Object({
      flowsRead: Type.Integer(),
      sent: Type.Integer({ description: 'Differences that are being put right.' }),
    }),
    504: problem('The switch could not be read in time.'),
  },
  healthy: { 200: Type.Object({ status: Type.Literal('ok'), pid: Type.Integer() }) },
  ready: { 200: Type.Object({ ready: Type.Literal(true) }), 503: problem('Not yet; `detail` says why.') },
  version: { 200: Type.Object({ name: Type.String(), version: Type.String(), node: Type.String() }) },
};

/** The key's fields, as the path has them. */
export const keyParams = (kind: Kind) =>
  Type.Unsafe<Readonly<Record<string, string>>>({
    type: 'object',
    properties: Object.fromEntries(kinds[kind].key.map((field) => [field, { type: 'string' }])),
    required: [...kinds[kind].key],
  });

/** The body of PUT: the path's fields may be left out. */
export const objectBody = (kind: Kind) => ref<unknown>(nameOf(kind));

/** The examples of three kinds that belong together. */
const example = (['network', 'group', 'endpoint'] as const).flatMap((kind): unknown[] => {
  const examples: unknown = Object.entries(objects[kind]).find(([name]) => name === 'examples')?.[1];
  return Array.isArray(examples) ? examples.slice(0, 1) : [];
});

const applyBody = {
  type: 'object',
  additionalProperties: false,
  properties: {
    objects: {
      type: 'array',
      description: 'Objects to create or replace, in any order; they may refer to each other.',
      items: { anyOf: all.map((kind) => ({ $ref: `${nameOf(kind)}#` })) },
    },
    delete: {
      type: 'array',
      description: 'Objects to delete; success when absent.',
      items: { anyOf: [{ $ref: 'Reference#' }, { type: 'string', description: 'kind/key' }] },
    },
  },
  examples: [{ objects: example, delete: ['endpoint/web-9'] }],
};

export const applyContent = {
  content: {
    'application/json': { schema: applyBody },
    'application/x-ndjson': { schema: { type: 'string', description: 'One object a line.' } },
  },
};

export const tags = [
  { name: 'bulk', description: 'Many objects at once, all or nothing.' },
  ...all.map((kind) => ({ name: kinds[kind].plural, description: kinds[kind].about })),
  { name: 'explain', description: 'Which flows there are, whose they are, and what a packet would meet.' },
  { name: 'daemon', description: 'How the daemon and its switch are.' },
];
