/**
 * The process that memory.ts weighs: it states about as many flows of policy rules as it is told, has them confirmed, and
 * says what it weighed before, with the model, and at the end. Run with --expose-gc.
 */
import { emptyState } from '../src/model/index.js';
import { Batch } from '../src/openflow/index.js';
import { Connected } from './connected.js';
import { accept, compileAll, worldOf } from './objects.js';

const portsPerRule = 20;
const rulesPerPolicy = 100;

function* policies(flows: number): Generator {
  yield { kind: 'tenant', name: 'blue' };
  const count = Math.ceil(flows / (portsPerRule * rulesPerPolicy));
  for (let p = 0; p < count; p++) {
    yield { kind: 'policy', tenant: 'blue', name: `policy${p}` };
    yield { kind: 'group', tenant: 'blue', name: `group${p}`, policies: [`policy${p}`] };
    for (let r = 0; r < rulesPerPolicy; r++) {
      const ports = Array.from({ length: portsPerRule }, (_, i) => 1 + 2 * (r * portsPerRule + i)); // none touch
      const peer = { group: `group${(p + r) % count}` };
      const rule = { kind: 'rule', tenant: 'blue', policy: `policy${p}`, id: `${r}`, direction: 'in', action: 'allow' };
      yield { ...rule, protocol: 'tcp', ports, peer };
    }
  }
}

/** Bytes in memory after everything that can be collected was. */
async function weigh(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage.rss();
}

const [remote = '', flows = '0'] = process.argv.slice(2);
const connected = await Connected.to(remote);
const batch = new Batch();
const before = await weigh();
const world = worldOf(accept(emptyState(), [...policies(Number(flows))]).state);
const model = await weigh();
const committed = connected.commit(compileAll(batch, world), { full: true });
const { flowCount } = batch;
batch.reset(); // as the daemon does
await committed;
const after = await weigh();
const { confirmed, groups, meters, memoryBytes } = await connected.engine.stats();
if (confirmed !== flowCount + groups + meters) throw new Error(`${confirmed} of ${flowCount} flows are confirmed`);
process.send?.({ flows: flowCount, before, model, after, memoryBytes });
await connected.engine.close();
process.disconnect();
