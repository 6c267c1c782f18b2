/**
 * A line for a denied packet now and then, named after the rule or the group that denied it, or, of an audited policy, would have.
 * Neighbours: answerer.ts passes on what the switch samples. Invariant: what is not written is counted in the next line of the same owner.
 */
import { formatIpv6, formatIpv4, type State } from '../../model/index.js';
import type { PacketIn } from '../../native/index.js';
import { resolveOwner } from '../flow-lines.js';
import type { DatapathEvent } from '../face.js';
import type { Logger } from '../log.js';
import { protocols, type IpFrame } from './frame.js';
import { Limiter } from './limiter.js';

export interface DeniedLogParts {
  readonly log: Logger;
  state(): State;
  /** Microseconds, monotonic. */
  readonly clock: () => number;
  emit(event: DatapathEvent): void;
}

/** Lines a second of one owner, and at once. */
const perSecond = 1;
const burst = 5;

const names = new Map<number, string>([
  [protocols.icmp, 'icmp'],
  [protocols.tcp, 'tcp'],
  [protocols.udp, 'udp'],
  [protocols.icmp6, 'icmp6'],
  [132, 'sctp'],
]);

function text(address: Uint8Array): string {
  if (address.length === 16) return formatIpv6(address);
  return formatIpv4(new DataView(address.buffer, address.byteOffset).getUint32(0));
}

interface Described {
  readonly from: string;
  readonly to: string;
  readonly protocol: string | number;
  readonly fromPort?: number;
  readonly toPort?: number;
}

/** Who wanted what from whom. */
function described(frame: IpFrame): Described {
  const { source, destination, protocol, payload, laterFragment } = frame;
  const what = { from: text(source), to: text(destination), protocol: names.get(protocol) ?? protocol };
  const hasPorts = protocol === protocols.tcp || protocol === protocols.udp || protocol === 132;
  if (!hasPorts || laterFragment || payload.length < 4) return what;
  const view = new DataView(payload.buffer, payload.byteOffset);
  return { ...what, fromPort: view.getUint16(0), toPort: view.getUint16(2) };
}

export class DeniedLog {
  readonly #parts: DeniedLogParts;
  readonly #limiter = new Limiter(perSecond, burst);
  readonly #unwritten = new Map<number, number>();

  constructor(parts: DeniedLogParts) {
    this.#parts = parts;
  }

  denied({ owner }: PacketIn, frame: IpFrame | undefined): void {
    if (frame === undefined) return;
    const { log, clock } = this.#parts;
    const unwritten = this.#unwritten.get(owner) ?? 0;
    if (!this.#limiter.take(owner, clock())) {
      this.#unwritten.set(owner, unwritten + 1);
      return;
    }
    this.#unwritten.delete(owner);
    const state = this.#parts.state();
    const by = resolveOwner(state, owner);
    // A rule of an audited policy denies nothing: it says what it would do.
    const policy = by.kind === 'rule' ? state.rules.get(by.key)?.policy : undefined;
    const audited = policy !== undefined && state.policies.get(policy)?.audit === true;
    const fields = { ...described(frame), notLogged: unwritten };
    log.info({ by: `${by.kind} ${by.key}`, ...fields }, audited ? 'would deny a packet' : 'denied a packet');
    const ports = fields.toPort !== undefined ? ` port ${fields.toPort}` : '';
    const did = audited ? 'would deny' : 'denied';
    const message = `${by.kind} ${by.key} ${did} ${fields.protocol} ${fields.from} to ${fields.to}${ports}`;
    this.#parts.emit({
      type: 'denied',
      message,
      ...(by.kind === 'system' ? {} : { kind: by.kind, key: by.key }),
      fields,
    });
  }
}
