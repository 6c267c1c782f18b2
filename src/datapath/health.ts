/**
 * How the daemon and its switch are, put together of what the parts know.
 * Neighbours: controller.ts answers it to the API; each part keeps its own truth.
 */
import type { Health, UplinkStatus } from './face.js';
import type { PortConflict } from './ovsdb/plan.js';
import type { SwitchWatch } from './switch-watch.js';

export interface HealthParts {
  readonly watch: Pick<SwitchWatch, 'about' | 'connected' | 'downReason' | 'synced' | 'readBack' | 'drift'>;
  readonly database: {
    readonly connected: boolean;
    readonly version: string | undefined;
    readonly conflicts: readonly PortConflict[];
  };
  readonly tenure: { readonly reason: string | undefined };
  readonly hostIp: { readonly reasons: readonly string[] };
  readonly ways: { readonly reasons: readonly string[] };
  readonly flows: number;
  readonly uplinks: readonly UplinkStatus[];
  readonly generation: number;
  readonly nowUs: number;
}

export function healthOf(parts: HealthParts): Health {
  const { watch, database, tenure, hostIp, ways, flows, uplinks, generation, nowUs } = parts;
  const { connected, downReason, synced, readBack, drift } = watch;
  const { version } = database;
  const reasons: string[] = [];
  if (tenure.reason !== undefined) reasons.push(tenure.reason);
  if (!database.connected) reasons.push("the switch's database is not connected");
  if (!connected) reasons.push(`the switch is not connected: ${downReason}`);
  else if (!synced) reasons.push('the first commit is not confirmed yet');
  else reasons.push(...drift.reasons);
  return {
    ready: reasons.length === 0,
    reasons: [...reasons, ...database.conflicts.map(({ message }) => message), ...hostIp.reasons, ...ways.reasons],
    switch: {
      ...watch.about(),
      flows,
      ...(version === undefined ? {} : { version }),
      ...(readBack === undefined ? {} : { resync: resyncOf(readBack, nowUs) }),
    },
    uplinks,
    generation,
  };
}

function resyncOf(
  { atUs, flowsRead, sent }: NonNullable<SwitchWatch['readBack']>,
  nowUs: number,
): NonNullable<Health['switch']['resync']> {
  return { secondsAgo: Math.floor((nowUs - atUs) / 1e6), flowsRead, sent };
}
