/** Opens a store as nobody and prints what became of it. Started by lmdb.test.ts: directory. */
import { SluiceError } from '../../src/model/errors.js';
import { openLmdbStore } from '../../src/store/index.js';

process.setgid?.(65_534);
process.setuid?.(65_534);
try {
  await (await openLmdbStore(process.argv[2] ?? '')).close();
  console.log('opened');
} catch (error) {
  console.log(error instanceof SluiceError ? `${error.code} ${error.message}` : String(error));
}
