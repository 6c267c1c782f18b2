/** Before every test file: at its end nothing it started may still be held. Neighbour: src/sandbox/registry.ts. */
import { afterAll, expect } from 'vitest';
import { openEntries } from '../../src/sandbox/index.js';

// Hooks run last-registered first, and this file comes before the test's own: so this looks when all of theirs are done.
afterAll(() => {
  expect(openEntries(), 'sandboxes or labs that were not stopped').toEqual([]);
});
