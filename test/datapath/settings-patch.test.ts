/** Settings changed one by one: what is taken back falls to what the daemon was started with, field by field. */
import { expect, test } from 'vitest';
import { patchedSettings, withGivenSettings } from '../../src/datapath/settings-patch.js';
import { judge, emptyState } from '../../src/model/index.js';
import type { Settings } from '../../src/model/index.js';

const given = { vtepIp: '10.0.0.5', bond: { mode: 'active-backup', lacp: 'off' } };

function after(settings: Settings, patch: Record<string, unknown>): Settings {
  const object = withGivenSettings(given, patchedSettings(settings, patch) as object);
  const judged = judge(emptyState(), { put: [object] });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  return judged.accepted.state.settings;
}

test('a field of the bond that is reset falls back to its flag, not to the default', () => {
  const started = after(emptyState().settings, { bond: null });
  expect(started.bond).toEqual({ mode: 'active-backup', lacp: 'off' });
  const changed = after(started, { bond: { mode: 'balance-slb' } });
  expect(changed.bond).toEqual({ mode: 'balance-slb', lacp: 'off' });
  expect(after(changed, { bond: { mode: null } }).bond).toEqual({ mode: 'active-backup', lacp: 'off' });
});

test('no address stays no address, and a reset one is the flag’s again', () => {
  const none = after(emptyState().settings, { vtepIp: '' });
  expect(none.spec.vtepIp).toBeUndefined();
  expect(after(none, { vxlanPort: 8472 }).spec.vtepIp).toBeUndefined();
  expect(after(none, { vtepIp: null }).spec.vtepIp).toBe('10.0.0.5');
});
