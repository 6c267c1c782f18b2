/**
 * Dropped packets by reason, added up from the counters of the flows that dropped them, when somebody asks.
 * Neighbours: src/pipeline/drops.ts knows the reasons; flow-lines.ts resolves cookies.
 * Invariant: the switch is read table by table, and only tables that drop; a counter goes with its flow, so a sum may fall
 * when a rule is deleted or the switch restarts.
 */
import { SluiceError } from '../model/errors.js';
import type { State } from '../model/index.js';
import type { Engine } from '../native/index.js';
import { flowCookie, flowInstructions, flowPriority, flowTable } from '../openflow/index.js';
import { dropReason, dropReasons, droppingTables, isDrop, type DropReason } from '../pipeline/drops.js';
import type { DropCount } from './face.js';
import { breath, cookieOwners, counted, counterBytes } from './flow-lines.js';

interface Sum {
  packets: number;
  bytes: number;
}

/** Flows looked at between two turns of the event loop. */
const sliceFlows = 5000;

/** All reasons, in the order of the tables; for policy the rules and groups that dropped something. Throws `switch_unavailable`. */
export async function countDrops(engine: Engine, state: State): Promise<readonly DropCount[]> {
  try {
    return await count(engine, state);
  } catch (cause) {
    throw new SluiceError('switch_unavailable', 'the switch cannot be read', { cause });
  }
}

async function count(engine: Engine, state: State): Promise<readonly DropCount[]> {
  const sums = new Map<DropReason, Sum>();
  const denied = new Map<bigint, Sum>();
  for (const table of droppingTables) await addTable(engine, table, sums, denied);
  const by = await Promise.all(
    [...denied].map(async ([cookie, sum]) => ({ owners: await cookieOwners(engine, state, cookie), ...sum })),
  );
  by.sort((x, y) => y.packets - x.packets);
  return Object.entries(dropReasons).map(([reason, about]) => ({
    reason,
    about,
    ...(sums.get(reason as DropReason) ?? { packets: 0, bytes: 0 }),
    ...(reason === 'policy' ? { by } : {}),
  }));
}

async function addTable(
  engine: Engine,
  table: number,
  sums: Map<DropReason, Sum>,
  denied: Map<bigint, Sum>,
): Promise<void> {
  let sinceBreath = 0;
  for (const { message, before } of counted(await engine.readSwitch({ table }), counterBytes)) {
    if (++sinceBreath % sliceFlows === 0) await breath();
    if (!isDrop(flowInstructions(message))) continue;
    const reason = dropReason(flowTable(message), flowPriority(message));
    if (reason === undefined) continue;
    const packets = Number(before.getBigUint64(0));
    if (packets === 0) continue;
    const bytes = Number(before.getBigUint64(8));
    add(sums, reason, packets, bytes);
    if (reason === 'policy') add(denied, flowCookie(message), packets, bytes);
  }
}

function add<K>(sums: Map<K, Sum>, key: K, packets: number, bytes: number): void {
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, { packets, bytes });
  else {
    sum.packets += packets;
    sum.bytes += bytes;
  }
}
