/**
 * From a pointer in the daemon's answer back to file:line:column.
 * Neighbours: input.ts keeps the origins, apply.ts asks when a request was refused.
 * Invariant: files are read for positions only when there is something to complain about, each once.
 */
import type { Document, LineCounter, Node } from 'yaml';
import type { Input, Origin, Source } from './input.js';

/** Reading a file with positions costs about a second for 5 MB; beyond that the pointer has to do. */
const maxBytes = 5_000_000;

interface Positions {
  readonly documents: readonly Document[];
  readonly lineCounter: LineCounter;
}

/** Turns `/objects/3/vlan` into `hosts.yaml:12:9: network blue/front: vlan`. */
export async function placer(input: Input): Promise<(pointer: string) => string> {
  const yaml = await import('yaml');
  const known = new Map<Source, Positions>();

  const positionsOf = (source: Source): Positions => {
    const found = known.get(source);
    if (found !== undefined) return found;
    const lineCounter = new yaml.LineCounter();
    const parsed = yaml.parseAllDocuments(source.text, { lineCounter, prettyErrors: false });
    const positions = { documents: Array.isArray(parsed) ? parsed : [], lineCounter };
    known.set(source, positions);
    return positions;
  };

  /** The offset of what a path names; of its nearest ancestor when it is not there. */
  const offsetOf = (document: Document, path: readonly (string | number)[]): number => {
    let node: unknown = document.contents;
    let offset = yaml.isNode(node) ? (node.range?.[0] ?? 0) : 0;
    for (const part of path) {
      let at: Node | undefined;
      if (yaml.isMap(node)) {
        const pair = node.items.find(({ key }) => yaml.isScalar(key) && String(key.value) === String(part));
        at = yaml.isNode(pair?.key) ? pair.key : undefined;
        node = pair?.value;
      } else if (yaml.isSeq(node)) {
        node = node.items[Number(part)];
        at = yaml.isNode(node) ? node : undefined;
      }
      if (at?.range == null) return offset;
      offset = at.range[0];
    }
    return offset;
  };

  const lineOf = ({ source, document, path }: Origin, rest: readonly string[]): string => {
    if (source.format === 'ndjson') return `${source.name}:${document + 1}: ${rest.join('/')}`;
    if (source.text.length > maxBytes) {
      return `${source.name}: ${[...path, ...rest].join('/')}`;
    }
    const { documents, lineCounter } = positionsOf(source);
    const found = documents[document];
    if (found === undefined) return source.name;
    const { line, col } = lineCounter.linePos(offsetOf(found, [...path, ...rest]));
    return `${source.name}:${line}:${col}`;
  };

  return (pointer) => {
    const [, list, index, ...rest] = pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const origin = list === 'objects' ? input.origins[Number(index)] : undefined;
    // What is to be deleted is named in the message.
    if (origin === undefined) return list === 'delete' ? '' : pointer;
    return lineOf(origin, rest);
  };
}
