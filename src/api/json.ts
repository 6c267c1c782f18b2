/**
 * JSON with the line and column of a mistake; V8 of Node 20 does not always tell them.
 * Neighbours: body.ts.
 * Invariant: the scanner only runs after JSON.parse has refused, so it decides nothing but where.
 */
import { SluiceError } from '../model/errors.js';

type Expecting = 'value' | 'first value' | 'first key' | 'key' | ':' | ', or end' | 'nothing';

const string = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
const scalar = String.raw`(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?![0-9A-Za-z_])`;

/** What may follow a token, or undefined where it may not stand. `open` are the brackets not yet closed. */
function next(token: string, expecting: Expecting, open: string[]): Expecting | undefined {
  const after = (): Expecting => (open.length === 0 ? 'nothing' : ', or end');
  const inObject = open.at(-1) === '{';
  if (token === '}' || token === ']') {
    const empty = expecting === (inObject ? 'first key' : 'first value');
    if ((!empty && expecting !== ', or end') || open.pop() !== (token === '}' ? '{' : '[')) return undefined;
    return after();
  }
  if (token === ',') return expecting === ', or end' ? (inObject ? 'key' : 'value') : undefined;
  if (token === ':') return expecting === ':' ? 'value' : undefined;
  if (expecting === 'first key' || expecting === 'key') return token.startsWith('"') ? ':' : undefined;
  if (expecting !== 'value' && expecting !== 'first value') return undefined;
  if (token !== '{' && token !== '[') return after();
  open.push(token);
  return token === '{' ? 'first key' : 'first value';
}

/** The offset of the first token that does not belong; the end of the text when it ends too early. */
function offsetOfMistake(text: string): number {
  const blank = /[ \t\r\n]*/y;
  const tokens = new RegExp(`[{}\\[\\]:,]|${string}|${scalar}`, 'y');
  const open: string[] = [];
  let expecting: Expecting | undefined = 'value';
  for (;;) {
    blank.lastIndex = tokens.lastIndex;
    blank.test(text);
    tokens.lastIndex = blank.lastIndex;
    const token = tokens.exec(text)?.[0];
    expecting = token === undefined ? undefined : next(token, expecting, open);
    if (expecting === undefined) return blank.lastIndex;
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const offset = offsetOfMistake(text);
    const before = text.slice(0, offset);
    const line = before.split('\n').length;
    const place =
      offset >= text.trimEnd().length
        ? 'it ends too early'
        : `line ${line}, column ${offset - before.lastIndexOf('\n')}`;
    throw new SluiceError('malformed', `The body is not JSON: ${place}.`, { cause });
  }
}
