/**
 * Bodies to objects: the envelope of a request, NDJSON line by line; json.ts parses JSON.
 * Neighbours: routes/apply.ts and routes/objects.ts. What the objects mean is the model's business.
 * Invariant: an object's position in the request is its position in the pointers, whatever the format.
 */
import { SluiceError } from '../model/errors.js';
import type { Problem } from '../model/errors.js';
import type { Ref } from '../model/index.js';
import type { ApplyRequest } from '../datapath/face.js';
import { nearest } from '../model/suggest.js';
import { isRecord } from './query.js';
import { isKind, keyFits, keyForm, kindNames, kinds, parseRef } from './schemas/kinds.js';

/** One object a line; empty lines are skipped but counted, so that a message's line is the file's line. */
export function parseNdjson(text: string): { objects: unknown[] } {
  const objects: unknown[] = [];
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    try {
      objects.push(JSON.parse(line));
    } catch (cause) {
      throw new SluiceError('malformed', `Line ${index + 1} is not JSON.`, {
        cause,
        problems: [
          { pointer: `/objects/${objects.length}`, code: 'not_json', message: `line ${index + 1} is not JSON` },
        ],
      });
    }
  }
  return { objects };
}

const applyKeys = ['objects', 'delete'];

/** `{objects: […], delete: […]}` to what the controller takes; only the envelope is checked here. */
export function applyRequest(body: unknown): ApplyRequest {
  if (!isRecord(body)) throw new SluiceError('malformed', 'The body is not an object with `objects` or `delete`.');
  const problems: Problem[] = Object.keys(body)
    .filter((key) => !applyKeys.includes(key))
    .map((key) => {
      const near = nearest(key, applyKeys);
      const message = `there is no field "${key}" here; a request has objects and delete`;
      return {
        pointer: `/${key}`,
        code: 'unknown_field',
        message,
        ...(near && { suggestion: `did you mean \`${near}\`?` }),
      };
    });
  const put = listOf(body, 'objects', problems);
  const refs = listOf(body, 'delete', problems).map((item, index) => refOf(item, `/delete/${index}`, problems));
  if (problems.length > 0) throw new SluiceError('malformed', problems[0]?.message ?? '', { problems });
  return { put: put.map(withoutStatus), delete: refs.filter((ref) => ref !== undefined) };
}

/** What GET answered may be sent back as it is. */
export function withoutStatus(object: unknown): unknown {
  if (!isRecord(object) || !('status' in object)) return object;
  const { status: _status, ...rest } = object;
  return rest;
}

function listOf(body: Readonly<Record<string, unknown>>, key: string, problems: Problem[]): readonly unknown[] {
  const list = body[key];
  if (list === undefined) return [];
  if (Array.isArray(list)) return list;
  problems.push({ pointer: `/${key}`, code: 'not_a_list', message: `${key} is not a list` });
  return [];
}

/** `"network/blue/front"`, `{kind, key}`, or an object as it was put (`{kind, tenant, name, …}`). */
function refOf(item: unknown, pointer: string, problems: Problem[]): Ref | undefined {
  const text = typeof item === 'string' ? item : isRecord(item) ? refText(item) : '';
  const ref = parseRef(text);
  if (ref !== undefined) return ref;
  const word = text.split('/')[0] ?? '';
  const near = nearest(word, kindNames);
  if (isKind(word)) {
    problems.push({
      pointer,
      code: 'bad_key',
      message: `the key of a ${word} is ${keyForm(word) || 'empty'}: "${text}"`,
    });
  } else {
    const message = `"${text}" names no object; write kind/key, for example network/blue/front`;
    problems.push({ pointer, code: 'unknown_kind', message, ...(near && { suggestion: `did you mean \`${near}\`?` }) });
  }
  return undefined;
}

function refText(item: Readonly<Record<string, unknown>>): string {
  const word = (field: string): string => {
    const value = item[field];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const kind = word('kind');
  if (typeof item['key'] === 'string') return item['key'] === '' ? kind : `${kind}/${item['key']}`;
  const fields = isKind(kind) ? kinds[kind].key : [];
  return [kind, ...fields.map(word)].join('/');
}

/** The reference a path or a query names; refused in words when it cannot be one. */
export function refOfText(text: string, pointer: string): Ref {
  const problems: Problem[] = [];
  const ref = refOf(text, pointer, problems);
  if (ref !== undefined && keyFits(ref.kind, ref.key)) return ref;
  throw new SluiceError('malformed', problems[0]?.message ?? `"${text}" names no object`, { problems });
}
