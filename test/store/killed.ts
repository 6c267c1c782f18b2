/** Writes, and dies by SIGKILL in the moment the last write resolves. Started by lmdb.test.ts: directory, round. */
import { openLmdbStore } from '../../src/store/index.js';
import { put, tenant } from './objects.js';

const [directory = '', round = '1'] = process.argv.slice(2);
const store = await openLmdbStore(directory);
for (let n = 1; n <= 10; n++) {
  const changes = Array.from({ length: 50 }, (_, i) => put(tenant(`t-${round}-${n}-${i}`)));
  await store.write(changes, (Number(round) - 1) * 10 + n);
}
process.kill(process.pid, 'SIGKILL');
