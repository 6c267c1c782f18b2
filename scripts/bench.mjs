/** `npm run bench [-- name …]`: set up what is missing, then the benchmarks. */
import { join } from 'node:path';
import { root, show } from './lib.mjs';
import { setup } from './setup.mjs';

await setup();
process.exitCode = show(process.execPath, ['--import', 'tsx', join(root, 'bench/index.ts'), ...process.argv.slice(2)]);
