/**
 * Packets and bytes of one object, from the counters of its own flows, when somebody asks.
 * Neighbours: src/pipeline/counted.ts says in which tables; drops.ts counts what was dropped; controller.ts answers.
 * Invariant: the switch is asked for that object's flows only; what it shares with others is counted for nobody.
 */
import { ownerKey, type AnyObject } from '../model/index.js';
import type { Engine } from '../native/index.js';
import { flowTable } from '../openflow/index.js';
import { ownsFlows } from '../pipeline/compile.js';
import { countedTables } from '../pipeline/counted.js';
import { counted, counterBytes } from './flow-lines.js';

/** Nothing where the object has no flows, or there is no switch: the rest of its status is known all the same. */
export async function countObject(
  engine: Engine,
  object: AnyObject | undefined,
): Promise<{ packets?: number; bytes?: number }> {
  if (object === undefined || !ownsFlows(object.kind)) return {};
  return sum(engine, object).catch(() => ({}));
}

async function sum(engine: Engine, object: AnyObject): Promise<{ packets: number; bytes: number }> {
  const tables = countedTables(object.kind);
  const total = { packets: 0, bytes: 0 };
  const stream = await engine.readSwitch({ owner: ownerKey(object.kind, object.id) });
  for (const { message, before } of counted(stream, counterBytes)) {
    if (tables?.has(flowTable(message)) === false) continue;
    total.packets += Number(before.getBigUint64(0));
    total.bytes += Number(before.getBigUint64(8));
  }
  return total;
}
