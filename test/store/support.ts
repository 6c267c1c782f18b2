/** A directory for a store of a test's own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export { gone, put, tenant } from './objects.js';

/** A directory of its own, removed when the test is done. */
export async function ownDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-store-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
