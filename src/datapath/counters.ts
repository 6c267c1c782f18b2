/**
 * Packets and bytes of one object, from the counters of its own flows, when somebody asks.
 * Neighbours: src/pipeline/counted.ts says in which tables; drops.ts counts what was dropped; controller.ts answers.
 * Invariant: the switch is asked for that object's flows only; what it shares with others is counted for nobody.
 */
import { ownerKey, type AnyObject } from '../model/index.js';
import type { Engine } from '../native/index.js';
import { flowTable } from '../openflow/index.js';
import { countedTables } from '../pipeline/counted.js';
import { counted, counterBytes } from './flow-lines.js';

export async function countObject(engine: Engine, object: AnyObject): Promise<{ packets: number; bytes: number }> {
  const tables = countedTables(object.kind);
  const sum = { packets: 0, bytes: 0 };
  const stream = await engine.readSwitch({ owner: ownerKey(object.kind, object.id) });
  for (const { message, before } of counted(stream, counterBytes)) {
    if (tables?.has(flowTable(message)) === false) continue;
    sum.packets += Number(before.getBigUint64(0));
    sum.bytes += Number(before.getBigUint64(8));
  }
  return sum;
}
