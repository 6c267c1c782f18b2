/** Objects as the store gets them. Apart from support.ts, because child processes import it, too. */
import type { Stored, StoredChange } from '../../src/model/index.js';

export const tenant = (name: string, id = 7): Stored => ({
  kind: 'tenant',
  key: name,
  id,
  zone: 9,
  spec: { kind: 'tenant', name },
});

export const put = (stored: Stored): StoredChange => ({ ref: { kind: stored.kind, key: stored.key }, stored });
export const gone = (stored: Stored): StoredChange => ({ ref: { kind: stored.kind, key: stored.key } });
