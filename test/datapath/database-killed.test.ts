/** The database of Open vSwitch dies by SIGKILL in the middle of a large change: vswitchd serves nobody until it is back. */
import { afterEach, expect, test } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { untilQuiet } from '../faults/rig.js';
import { ofctlLines, startHost, type Host } from './bench-host.js';

let host: Host | undefined;
afterEach(async () => {
  await host?.stop();
  host = undefined;
});

const policy = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'policy', tenant: 'blue', name: 'wide' },
  { kind: 'group', tenant: 'blue', name: 'app', policies: ['wide'] },
];

/** Rules of 100 flows each. */
function rules(count: number): unknown[] {
  const ports = Array.from({ length: 100 }, (_, i) => 1 + 2 * i); // none touch
  return Array.from({ length: count }, (_, i) => ({
    kind: 'rule',
    ...{ tenant: 'blue', policy: 'wide', id: `${i}`, direction: 'in', action: 'allow', protocol: 'tcp', ports },
    peer: { cidrs: [`10.${i >> 8}.${i & 255}.0/24`] },
  }));
}

test(
  'killed under a load of 80,000 flows: the daemon lives and says so, and all of it is there afterwards',
  { timeout: 90_000 },
  async () => {
    host = await startHost();
    const { sandbox, controller, events } = host;
    let answered = false;
    const loaded = controller.apply({ put: [...policy, ...rules(800)] }, 'committed').finally(() => (answered = true));
    await until('it is under way', () => events.some(({ type }) => type === 'progress'), { everyMs: 1 });
    await sandbox.killOvsdb('SIGKILL');
    await until('it is noticed', () => !controller.health().ready);
    await untilQuiet();
    const { reasons, switch: about } = controller.health();
    expect(reasons).toContain("the switch's database is not connected");
    expect(about.progress?.done).toBeLessThan(about.progress?.total ?? 0);
    expect(answered).toBe(false);
    // Nothing that is asked for meanwhile is lost either.
    await controller.apply({ put: rules(801).slice(-1), delete: [] }, 'accepted');
    expect(controller.status({ kind: 'rule', key: 'blue/wide/800' }).state).toBe('pending');

    await sandbox.startOvsdb();
    expect((await loaded).commit).toMatchObject({ deleted: 0 });
    await controller.settled();
    await until('it is well', () => controller.health().ready);
    expect(controller.status({ kind: 'rule', key: 'blue/wide/0' })).toMatchObject({ state: 'committed', flows: 100 });
    expect(controller.status({ kind: 'rule', key: 'blue/wide/800' })).toMatchObject({ state: 'committed', flows: 100 });
    const lines = await ofctlLines(sandbox);
    expect(lines.filter((line) => line.includes('table=policy') && line.includes('nw_src=10.'))).toHaveLength(80_100);
    const { flowsRead, sent } = await controller.resync();
    expect(flowsRead).toBe(lines.length);
    expect(sent).toBe(0);
    expect(events.filter(({ type }) => type === 'quarantined')).toEqual([]);
  },
);
