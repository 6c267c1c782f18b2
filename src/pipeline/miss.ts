/**
 * What happens to a packet that no flow of a table matches: said by a flow of its own, so that it is counted.
 * Neighbours: layout.ts declares it, every other feature relies on it.
 */
import type { Feature } from './feature.js';
import { contracts, prio, t } from './layout.js';

export const miss: Feature = {
  system(f) {
    for (const { ref, miss: what } of contracts) {
      if ('to' in what) f.add`table=${ref}, priority=${prio.miss}, actions=goto_table:${t[what.to]}`;
      else f.add`table=${ref}, priority=${prio.miss}, actions=drop`;
    }
  },
};
