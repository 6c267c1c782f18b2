/**
 * What `dpctl/dump-conntrack` prints, as connections by their first direction.
 * Neighbours: cutter.ts asks and judges. Invariant: a line that is not understood is left out, never half read.
 */
import { parseAddress, type Address } from '../../model/index.js';

export interface Tracked {
  readonly zone: number;
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  /** Ports, 0 of SCTP where tracking does not see them; of ICMP the identifier, and `type << 8 | code`. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

const protocols = new Map([
  ['tcp', 6],
  ['udp', 17],
  ['sctp', 132],
  ['icmp', 1],
  ['icmpv6', 58],
]);

/** `tcp,orig=(src=10.1.0.1,dst=10.1.0.2,sport=40000,dport=80),reply=(…),zone=3,protoinfo=(state=ESTABLISHED)` */
const line = /^(\w+),orig=\(src=([^,]+),dst=([^,]+),([^)]*)\),/;

/** TCP, UDP, SCTP and ICMP of every zone but the default one; other protocols have nothing to tell one connection from the next. */
export function readConntrack(text: string): Tracked[] {
  return text.split('\n').flatMap((each) => {
    const found = line.exec(each);
    const zone = /\bzone=(\d+)/.exec(each)?.[1];
    const protocol = protocols.get(found?.[1] ?? '');
    if (!found || zone === undefined || protocol === undefined) return [];
    const [, , from = '', to = '', rest = ''] = found;
    const [source, destination] = [parseAddress(from), parseAddress(to)];
    if (source === undefined || destination === undefined) return [];
    const numbers = Object.fromEntries(rest.split(',').map((pair) => pair.split('='))) as Record<string, string>;
    const sourcePort = Number(numbers['sport'] ?? numbers['id']);
    const destinationPort = Number(numbers['dport'] ?? Number(numbers['type']) * 256 + Number(numbers['code']));
    if (!Number.isInteger(sourcePort) || !Number.isInteger(destinationPort)) return [];
    return [{ zone: Number(zone), protocol, source, destination, sourcePort, destinationPort }];
  });
}
