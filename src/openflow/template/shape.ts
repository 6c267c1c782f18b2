// What a template's holes look like, apart from their values: the key under which its compiled form is kept.
// Neighbours: holes.ts makes holes, site.ts keeps compiled variants by shape, guard.ts knows a shape again; text is compiled by flow.ts, group/compile.ts and actions/.
// Invariant: two calls with equal shapes compile to the same bytes but for the patched values.

import { FlowError } from '../errors.js';
import { Fragment, type Hole, isPair, Masked, Structural } from '../holes.js';

/** Classes of value holes. Structural holes and fragments stand for themselves (identity of the constant or of its strings). */
export const Token = {
  /** Up to 64 bits, or an Ethernet address. */
  value: 1,
  /** 16 bytes: an IPv6 address or a label. */
  wide: 2,
  masked: 3,
  maskedWide: 4,
  /** Masked by nothing: the field is left out. */
  absent: 5,
  /** A fragment that is not there. */
  gone: 6,
  /** Fragments of actions or buckets, appended at emission. */
  list: 7,
  /** Base of the tokens for lists of n match fragments, which are merged at compilation. */
  many: 100,
} as const;

export type ShapeToken = number | Structural | TemplateStringsArray;

/** A hole that keeps its place in the compiled form, to be filled at each emission. */
export interface Leaf {
  /** Position among the flattened values. */
  readonly index: number;
  readonly token: number;
  /** 1-based number of the top-level hole it came from, for messages. */
  readonly ordinal: number;
}

/** A template with its structural holes and fragments written out and its values replaced by single marker characters. */
export interface Expanded {
  readonly text: string;
  readonly leaves: readonly Leaf[];
  /** For messages: the template as written, holes as `${1}`. */
  readonly label: string;
}

const markerBase = 0xe000;

/** The class of one hole that is not a fragment. */
function classify(hole: Hole): number {
  if (typeof hole === 'number' || typeof hole === 'bigint') return Token.value;
  if (hole instanceof Uint8Array) return hole.length === 16 ? Token.wide : Token.value;
  if (hole instanceof Masked) {
    if (hole.maskClass === 'absent') return Token.absent;
    const wide = hole.value instanceof Uint8Array && hole.value.length === 16;
    if (hole.maskClass === 'exact') return wide ? Token.wide : Token.value;
    return wide ? Token.maskedWide : Token.masked;
  }
  if (isPair(hole)) return Token.value;
  throw new FlowError(`${describe(hole)} cannot stand in a flow template`);
}

function describe(hole: unknown): string {
  if (hole === null) return 'null';
  if (typeof hole === 'string') return `the string ${JSON.stringify(hole)} (text belongs in the template or in m\`…\`)`;
  return typeof hole === 'object' ? `a ${hole.constructor?.name ?? 'object'}` : `a ${typeof hole}`;
}

/** Writes the shape of `holes` to `tokens`. */
export function tokenize(holes: readonly Hole[], tokens: ShapeToken[]): void {
  for (const hole of holes) {
    if (hole instanceof Structural) tokens.push(hole);
    else if (hole === undefined) tokens.push(Token.gone);
    else if (hole instanceof Fragment) {
      tokens.push(hole.strings);
      tokenize(hole.holes, tokens);
    } else if (Array.isArray(hole) && !isPair(hole)) tokenizeList(hole as readonly Fragment[], tokens);
    else tokens.push(classify(hole));
  }
}

function tokenizeList(list: readonly Fragment[], tokens: ShapeToken[]): void {
  if (list.length === 0) {
    tokens.push(Token.gone);
    return;
  }
  if (list.some((item) => !(item instanceof Fragment)))
    throw new FlowError('a list in a flow template holds fragments only');
  if (list[0]?.kind !== 'match') {
    tokens.push(Token.list);
    return;
  }
  tokens.push(Token.many + list.length);
  tokenize(list, tokens);
}

/** Writes the template out as text with markers for the values. */
export function expand(strings: TemplateStringsArray, holes: readonly Hole[]): Expanded {
  const leaves: Leaf[] = [];
  const write = (parts: readonly string[], inner: readonly Hole[], top: number | undefined): string => {
    let text = parts[0] ?? '';
    for (const [i, hole] of inner.entries()) {
      const ordinal = top ?? i + 1;
      const leaf = (token: number) => {
        leaves.push({ index: leaves.length, token, ordinal });
        return String.fromCharCode(markerBase + leaves.length - 1);
      };
      if (hole instanceof Structural) text += hole.text;
      else if (hole instanceof Fragment) text += write(hole.strings, hole.holes, ordinal);
      else if (Array.isArray(hole) && !isPair(hole)) {
        const list = hole as readonly Fragment[];
        if (list[0]?.kind === 'match') text += list.map((item) => write(item.strings, item.holes, ordinal)).join(',');
        else if (list.length > 0) text += leaf(Token.list);
      } else if (hole !== undefined) text += leaf(classify(hole));
      text += parts[i + 1] ?? '';
    }
    return text;
  };
  const text = write(strings, holes, undefined);
  return { text, leaves, label: labelOf(strings) };
}

export function labelOf(strings: readonly string[]): string {
  let label = strings[0] ?? '';
  for (let i = 1; i < strings.length; i++) label += `\${${i}}${strings[i]}`;
  return label.replaceAll(/\s+/g, ' ').trim();
}

/** The hole a marker character stands for, when `text` is exactly one marker. */
export function leafOf(expanded: Expanded, text: string): Leaf | undefined {
  return text.length === 1 ? expanded.leaves[text.charCodeAt(0) - markerBase] : undefined;
}

/** The first hole inside `text`, to say which one stands where none may. */
export function firstLeaf(expanded: Expanded, text: string): Leaf | undefined {
  for (const char of text) {
    const leaf = leafOf(expanded, char);
    if (leaf !== undefined) return leaf;
  }
  return undefined;
}

/** Marker characters written back as `${n}`, for messages. */
export function readable(expanded: Expanded, text: string): string {
  return text.replaceAll(/[\uE000-\uF8FF]/g, (char) => `\${${leafOf(expanded, char)?.ordinal ?? '?'}}`);
}
