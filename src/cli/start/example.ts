/**
 * The shipped example: its objects, the packets to try on it, and the same network as its neighbour sees it.
 * Neighbours: stage.ts builds hosts for it, index.ts prints what came of it.
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

export type ObjectSpec = Readonly<Record<string, unknown>> & { readonly kind: string };

/** One packet or connection to try, and what should become of it. */
export interface Try {
  readonly from: string;
  readonly to: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly port?: number;
  /** A source address to lie with. */
  readonly source?: string;
  readonly expect: 'allow' | 'deny' | 'drop';
}

export interface Example {
  readonly objects: readonly ObjectSpec[];
  readonly tries: readonly Try[];
}

export async function readExample(directory: URL): Promise<Example> {
  const read = async (name: string): Promise<unknown> => parse(await readFile(new URL(name, directory), 'utf8'));
  const { objects } = (await read('host.yaml')) as { objects: ObjectSpec[] };
  const { tries } = (await read('tries.yaml')) as { tries: Try[] };
  return { objects, tries };
}

/** The example with settings that fit the machine it is shown on. */
export function withSettings(objects: readonly ObjectSpec[], fit: Readonly<Record<string, unknown>>): ObjectSpec[] {
  return objects.map((object) => (object.kind === 'settings' ? { ...object, ...fit } : object));
}

/** A field of an object as text; empty when it is not there. */
export function text(object: ObjectSpec | undefined, field: string): string {
  const value = object?.[field];
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
}

export function vtepOf(objects: readonly ObjectSpec[]): string {
  return text(
    objects.find((object) => object.kind === 'settings'),
    'vtepIp',
  );
}

/** The first peer: the neighbour that is built when real packets are shown. */
export function peerOf(objects: readonly ObjectSpec[]): string {
  return text(
    objects.find((object) => object.kind === 'peer'),
    'vtepIp',
  );
}

/** Whether an endpoint lives on the neighbour: behind its VTEP, or somewhere else on the VLAN. */
export function isRemote(object: ObjectSpec): boolean {
  return object.kind === 'endpoint' && object['interface'] === undefined;
}

/** The name of a remote endpoint's interface on the neighbour, which only this file invents. */
function mirrorInterface(id: string): string {
  return `p-${id}`.slice(0, 15);
}

/** The same desired state as the neighbour holds it: here and there exchanged. */
export function mirror(objects: readonly ObjectSpec[]): ObjectSpec[] {
  const [here, there] = [vtepOf(objects), peerOf(objects)];
  return objects.map((object) => {
    if (object.kind === 'settings') return { ...object, vtepIp: there };
    if (object.kind === 'peer') return object['vtepIp'] === there ? { ...object, vtepIp: here } : object;
    if (object.kind !== 'endpoint') return object;
    const { interface: local, vtepIp: _vtepIp, ...rest } = object;
    if (local === undefined) return { ...rest, interface: mirrorInterface(text(object, 'id')) };
    const tagged = objects.some(
      (o) =>
        o.kind === 'network' &&
        o['tenant'] === object['tenant'] &&
        o['name'] === object['network'] &&
        o['encap'] === 'vlan',
    );
    return tagged ? rest : { ...rest, vtepIp: here };
  });
}
