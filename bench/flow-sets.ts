/**
 * Sets of flows as bytes of a batch, without objects or a pipeline behind them: what the engine is compared with the floor on.
 * Neighbours: engine-bulk.ts, ports.ts, latency.ts and others. Invariant: the same size gives the same bytes; ten flows an owner.
 */
import { ownerKey } from '../src/model/ids.js';
import { Batch, type Flows } from '../src/openflow/index.js';

const flowsPerOwner = 10;

type OneFlow = (f: Flows, n: number) => void;

const sets = {
  /** A frame for a MAC behind a tunnel. */
  tunnel: (f, n) =>
    f.add`table=10, priority=100, metadata=${n & 1023}, dl_dst=${mac(n)},
      actions=set_field:${5000 + (n & 1023)}->tun_id, set_field:${0xac1f0000 + (n & 0xfff)}->tun_dst, output:1`,
  /** A route to one host. */
  routes: (f, n) =>
    f.add`table=12, priority=132, ip, metadata=${n & 15}, nw_dst=${0x0a000000 + n},
      actions=set_field:${mac(n)}->eth_dst, set_field:${mac(7)}->eth_src, dec_ttl, goto_table:20`,
  /** A rule of a stateful policy between two groups. */
  policy: (f, n) =>
    f.add`table=20, priority=${1000 + (n & 7)}, ct_state=+trk-inv, tcp, reg2=${n >>> 10}, reg5=${n & 1023}, tp_dst=${1024 + (n & 0x3fff)},
      actions=set_field:${n & 0xffff}->reg7, goto_table:21`,
  /** A member of one side of a conjunction. */
  conjunctive: (f, n) =>
    f.add`table=21, priority=500, tcp, reg3=${n & 15}, nw_src=${0x0a000000 + n}, actions=conjunction(${1 + (n % 1000)},1/2)`,
} satisfies Readonly<Record<string, OneFlow>>;

export type FlowSet = keyof typeof sets;
export const flowSets = ['tunnel', 'routes', 'policy', 'conjunctive'] as const satisfies readonly FlowSet[];

function mac(n: number): Uint8Array {
  return Uint8Array.of(2, 0, n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
}

/** `count` flows of the owners from number `first` on. */
export function batchOf(set: FlowSet, count: number, first = 0): Uint8Array {
  const batch = new Batch(count * 200);
  write(batch, set, first, count);
  return batch.bytes();
}

/** The whole set of one owner, with one flow leading elsewhere: what differs is one flow. */
export function ownerOf(set: FlowSet, owner: number, variant: number): Uint8Array {
  const batch = new Batch();
  const first = owner * flowsPerOwner;
  const f = batch.owner(ownerKey('endpoint', 1 + owner));
  for (let n = first; n < first + flowsPerOwner; n++) sets[set](f, n);
  if (variant > 0) f.add`table=30, priority=${7}, metadata=${first}, actions=output:${variant}`;
  return batch.bytes();
}

function write(batch: Batch, set: FlowSet, first: number, count: number): void {
  let f: Flows | undefined;
  for (let n = first; n < first + count; n++) {
    if (f === undefined || n % flowsPerOwner === 0) {
      f = batch.owner(ownerKey('endpoint', 1 + Math.floor(n / flowsPerOwner)));
    }
    sets[set](f, n);
  }
}
