/**
 * What the model cannot know of a request: the bridge at work, this host's NICs and addresses, and which ports are Sluice's own.
 * Neighbours: controller.ts refuses by it before it stores anything.
 */
import type { Change, Ref, Settings, State } from '../model/index.js';
import type { ApplyRequest, SettingsPlan } from './face.js';
import { judgeHost } from './host-ip/judge.js';
import { missingInterfaces } from './host-interfaces.js';
import { portClashes } from './own-ports.js';

export interface Places {
  readonly rundir: string;
  readonly stateDir: string | undefined;
  /** Internal ports of the switch; undefined while its database is not connected. */
  readonly internal: ReadonlySet<string> | undefined;
  /** The bridge that the engine is connected to. */
  readonly bridge: string | undefined;
}

export async function judgePlaces(
  request: ApplyRequest,
  before: Settings,
  after: State,
  changes: readonly Change[],
  { rundir, stateDir, internal, bridge }: Places,
): Promise<SettingsPlan> {
  const { settings } = after;
  const place = (isIt: (object: unknown) => boolean): string =>
    `/objects/${Math.max(0, request.put?.findIndex(isIt) ?? 0)}`;
  const at = place(isSettings);
  const problems = missingInterfaces(before, settings, rundir, at);
  problems.push(...portClashes(changes, after, ({ ref }) => place((object) => isNamed(object, ref))));
  if (bridge !== undefined && settings.bridge !== bridge) {
    const message = `the daemon works on bridge ${bridge}; to move, restart it with --bridge ${settings.bridge}`;
    problems.push({ pointer: `${at}/bridge`, code: 'restart_needed', message });
  }
  if (!changes.some(({ ref }) => ref.kind === 'settings')) return { problems, lines: [], notes: [] };
  const canMove = stateDir !== undefined;
  const host = await judgeHost({ before, after, rundir, canMove, internal, at });
  return { ...host, problems: [...problems, ...host.problems] };
}

export function isSettings(object: unknown): object is object {
  return typeof object === 'object' && object !== null && 'kind' in object && object.kind === 'settings';
}

/** Whether a stated object is the one of `ref`: an endpoint by its id, the settings as such. */
function isNamed(object: unknown, ref: Ref): boolean {
  if (ref.kind === 'settings') return isSettings(object);
  return typeof object === 'object' && object !== null && 'id' in object && object.id === ref.key;
}

/** The uplink NICs that a request names itself. */
export function namedUplinks({ settings, put = [] }: ApplyRequest): string[] {
  return [settings, ...put.filter(isSettings)].flatMap((object) =>
    Object.entries(object ?? {})
      .filter(([field]) => field === 'vlanInterfaces' || field === 'underlayInterfaces')
      .flatMap(([, names]) => (Array.isArray(names) ? names.map(String) : [])),
  );
}
