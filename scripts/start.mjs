/** `npm start`: set up what is missing, then `sluice start` with the same arguments, in this very process. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib.mjs';
import { setup } from './setup.mjs';

await setup();
const cli = join(root, 'dist/cli/index.js');
process.argv.splice(1, 1, cli, 'start');
await import(pathToFileURL(cli).href);
