// Cuts flow text at separators that stand outside parentheses, brackets and quotes.
// Neighbours: flow.ts, group/compile.ts, match/items.ts and actions/ all read text in these pieces.
// Invariant: pieces are trimmed and never empty, so absent fragments leave no trace.

import { FlowError } from '../errors.js';

/** Splits at commas and white space. */
export function splitList(text: string): string[] {
  const pieces: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === '\\') i++;
      else if (char === '"') quoted = false;
      if (char !== undefined) continue;
    }
    if (char === '"') quoted = true;
    else if (char === '(' || char === '[') depth++;
    else if (char === ')' || char === ']') {
      if (--depth < 0) throw new FlowError(`"${char}" without its opening in "${text}"`);
    } else if (char === undefined || (depth === 0 && (char === ',' || /\s/.test(char)))) {
      const piece = text.slice(start, i);
      if (piece !== '') pieces.push(piece);
      start = i + 1;
    }
  }
  if (depth > 0 || quoted) throw new FlowError(`parentheses, brackets or quotes are not closed in "${text}"`);
  return pieces;
}

/** An action or argument taken apart: `name`, `name:value`, `name=value`, `name(arguments)rest`. */
export interface Call {
  readonly text: string;
  readonly name: string;
  /** Inside the parentheses. */
  readonly inner: string | undefined;
  /** After `:` or `=`, or after the closing parenthesis. */
  readonly value: string | undefined;
}

export function parseCall(text: string): Call {
  const end = /[:=(]/.exec(text)?.index;
  if (end === undefined) return { text, name: text, inner: undefined, value: undefined };
  const name = text.slice(0, end);
  if (text[end] !== '(') return { text, name, inner: undefined, value: text.slice(end + 1) };
  let depth = 0;
  for (let i = end; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) {
      const rest = text.slice(i + 1);
      return { text, name, inner: text.slice(end + 1, i), value: rest === '' ? undefined : rest };
    }
  }
  throw new FlowError(`parentheses are not closed in "${text}"`);
}
