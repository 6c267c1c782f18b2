/**
 * One packet through the tables: the path, the registers, and what leaves.
 * Neighbours: tables.ts looks up, actions.ts says what to do, conntrack.ts tracks.
 * Invariant: does what ovs-vswitchd does (trace.test.ts holds it to that), and throws where OpenFlow leaves the outcome open.
 */
import { actionsOf, type Action, type Range } from './actions.js';
import { Conntrack, type Tracked } from './conntrack.js';
import { big, fieldsOf, vlanPresent, type Fields, type Frame } from './packet.js';
import { daemonPort, tunnelPort } from './ports.js';
import type { Flow, Tables } from './tables.js';

/** One copy that leaves. */
export interface Sent {
  readonly port: number;
  readonly vlan?: number;
  readonly tunnel?: { readonly id: number; readonly source: bigint; readonly destination: bigint };
  readonly fields: Fields;
}

export interface Step {
  readonly table: number;
  /** Empty: no flow matches, and the packet ends here. */
  readonly flows: readonly Flow[];
}

export interface Journey {
  readonly path: readonly Step[];
  readonly sent: readonly Sent[];
  /** Fields and registers as the last table left them. */
  readonly fields: Fields;
  /** What the tracking said, if the packet was tracked. */
  readonly tracked: Tracked | undefined;
}

class Run {
  readonly path: Step[] = [];
  readonly sent: Sent[] = [];
  tracked: Tracked | undefined;
  /** As the last table of the last pass left them. */
  fields: Fields | undefined;
  readonly #tables: Tables;
  readonly #frame: Frame;
  readonly #conntrack: Conntrack;

  constructor(tables: Tables, frame: Frame, conntrack: Conntrack) {
    this.#tables = tables;
    this.#frame = frame;
    this.#conntrack = conntrack;
  }

  from(first: number, fields: Fields): void {
    this.#walk(first, fields, fields);
    this.fields ??= fields;
  }

  /** `shown` to the first table instead of the packet's own fields. */
  #walk(first: number, fields: Fields, shown: Fields): void {
    for (let table: number | undefined = first; table !== undefined;) {
      const flows: readonly Flow[] = this.#tables.lookup(table, table === first ? shown : fields);
      this.path.push({ table, flows });
      const [flow] = flows;
      table = undefined;
      for (const action of flow ? actionsOf(flow.text) : []) {
        // vswitchd drops a packet whose TTL would come to 0, whatever else the flow says.
        if (action.do === 'dec_ttl' && (fields.get('nw_ttl') ?? 0n) <= 1n) break;
        if (action.do === 'goto') table = action.table;
        else this.#perform(action, fields);
      }
    }
  }

  #perform(action: Exclude<Action, { do: 'goto' }>, fields: Fields): void {
    switch (action.do) {
      case 'set':
        if (action.name === 'icmpv6_type') becomeAdvertisement(fields);
        fields.set(action.name, ((fields.get(action.name) ?? 0n) & ~action.mask) | (action.value & action.mask));
        return;
      case 'move':
        write(fields, action.to, read(fields, action.from));
        return;
      case 'dec_ttl':
        fields.set('nw_ttl', (fields.get('nw_ttl') ?? 0n) - 1n);
        return;
      case 'larger':
        write(fields, action.to, this.#frameBytes() > action.bytes ? 1n : 0n);
        return;
      case 'ask':
        this.#walk(action.table, fields, action.ct ? byOriginalTuple(fields) : fields);
        return;
      case 'controller':
        this.sent.push({ port: daemonPort, fields: new Map(fields) });
        return;
      case 'push_vlan':
        if (fields.get('vlan_vid') !== 0n) throw new Error('a second tag is pushed');
        fields.set('vlan_vid', BigInt(vlanPresent));
        return;
      case 'pop_vlan':
        fields.set('vlan_vid', 0n);
        fields.delete('vlan_pcp');
        return;
      case 'output':
        this.#output(action.port, fields);
        return;
      case 'ct':
        this.#track(action, fields);
    }
  }

  #frameBytes(): number {
    return 14 + (this.#frame.bytes ?? 100);
  }

  #output(to: number | Range | 'in_port', fields: Fields): void {
    const port = to === 'in_port' ? this.#frame.inPort : typeof to === 'number' ? to : Number(read(fields, to));
    // OpenFlow 1.5 §5.7: back to where it came from only by the reserved port IN_PORT.
    if (port === this.#frame.inPort && to !== 'in_port') return;
    const vid = Number(fields.get('vlan_vid') ?? 0n);
    const tunnel = {
      id: Number(fields.get('tun_id') ?? 0n),
      source: fields.get('tun_src') ?? 0n,
      // An IPv4 destination wins, if there is one.
      destination: (fields.get('tun_dst') ?? 0n) === 0n ? (fields.get('tun_ipv6_dst') ?? 0n) : fields.get('tun_dst')!,
    };
    this.sent.push({
      port,
      ...((vid & vlanPresent) === 0 ? {} : { vlan: vid & 0xfff }),
      ...(port === tunnelPort ? { tunnel } : {}),
      fields: new Map(fields),
    });
  }

  #track(action: Extract<Action, { do: 'ct' }>, fields: Fields): void {
    const { body } = this.#frame;
    if (body.kind !== 'ip') throw new Error('only IP can be tracked');
    const zone = typeof action.zone === 'number' ? action.zone : Number(read(fields, action.zone));
    const { state, tuple } = this.#conntrack.track(zone, body);
    if (action.commit) this.#conntrack.remember(zone, tuple);
    if (action.table === undefined) return;
    this.tracked = { state, tuple };
    const copy: Fields = new Map(fields);
    const v4 = typeof tuple.source === 'number';
    copy.set('ct_state', BigInt(state));
    copy.set('ct_zone', BigInt(zone));
    copy.set(v4 ? 'ct_nw_src' : 'ct_ipv6_src', big(tuple.source));
    copy.set(v4 ? 'ct_nw_dst' : 'ct_ipv6_dst', big(tuple.destination));
    copy.set('ct_nw_proto', BigInt(tuple.protocol));
    copy.set('ct_tp_src', BigInt(tuple.tpSrc));
    copy.set('ct_tp_dst', BigInt(tuple.tpDst));
    // The copy goes on in that table; what is left of this flow's actions sees nothing of the tracking.
    this.from(action.table, copy);
  }
}

/** ovs-actions(7), resubmit with ct: the one lookup sees the original tuple in place of the packet's. */
function byOriginalTuple(fields: Fields): Fields {
  const shown: Fields = new Map(fields);
  const tuple = {
    ip_src: 'ct_nw_src',
    ip_dst: 'ct_nw_dst',
    ipv6_src: 'ct_ipv6_src',
    ipv6_dst: 'ct_ipv6_dst',
    nw_proto: 'ct_nw_proto',
  };
  for (const [name, original] of Object.entries(tuple)) {
    const value = fields.get(original);
    if (value !== undefined) shown.set(name, value);
  }
  return shown;
}

/** The option of a solicitation is at the place of an advertisement's. */
function becomeAdvertisement(fields: Fields): void {
  fields.set('nd_tll', fields.get('nd_sll') ?? 0n);
  fields.delete('nd_sll');
}

function read(fields: Fields, { name, start, bits }: Range): bigint {
  return ((fields.get(name) ?? 0n) >> start) & ((1n << bits) - 1n);
}

function write(fields: Fields, { name, start, bits }: Range, value: bigint): void {
  const mask = ((1n << bits) - 1n) << start;
  fields.set(name, ((fields.get(name) ?? 0n) & ~mask) | ((value << start) & mask));
}

/** Send one frame through; what is committed on the way stays in `conntrack`. */
export function run(tables: Tables, frame: Frame, conntrack = new Conntrack()): Journey {
  const one = new Run(tables, frame, conntrack);
  one.from(0, fieldsOf(frame));
  return { path: one.path, sent: one.sent, fields: one.fields ?? new Map(), tracked: one.tracked };
}
