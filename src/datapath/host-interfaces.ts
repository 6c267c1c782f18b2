/**
 * Whether a NIC that settings ask for is on this host. Neighbours: controller.ts refuses settings that name one that is not.
 * Invariant: says nothing where it cannot know: a vswitchd in another network namespace sees other interfaces than we do.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../model/errors.js';
import type { Settings } from '../model/index.js';

const interfaces = '/sys/class/net';

/** Whether the switch sees the interfaces that we see. */
export function sharesNetwork(rundir: string): boolean {
  try {
    const pid = readFileSync(join(rundir, 'ovs-vswitchd.pid'), 'utf8').trim();
    return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net');
  } catch {
    return false;
  }
}

/** Problems of the NICs that `settings` name and `before` did not; `at` points to the settings object. */
export function missingInterfaces(before: Settings, settings: Settings, rundir: string, at: string): Problem[] {
  if (settings.datapathType === 'dummy' || !sharesNetwork(rundir)) return [];
  return (['vlanInterfaces', 'underlayInterfaces'] as const).flatMap((field) =>
    settings[field].flatMap((name, index) => {
      if (before[field].includes(name) || existsSync(join(interfaces, name))) return [];
      const there = readdirSync(interfaces).filter((other) => other !== 'lo');
      const message = `this host has no interface ${name}; it has ${there.join(', ') || 'none'}`;
      return [{ pointer: `${at}/${field}/${index}`, code: 'interface_missing', message }];
    }),
  );
}
