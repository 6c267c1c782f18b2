/** A real ovs-vswitchd that stands still for 15 s in mid-bundle, longer than a bundle lives (10 s by default). */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Engine, type EngineEvent } from '../../src/native/index.js';
import { startSandbox, until } from '../../src/sandbox/index.js';
import { batchOf } from './desired.js';

const bridge = 'br-stop';
const owners = 30_000;

test(
  'stopped for 15 s in mid-bundle: the connection lasts, and all 30,000 flows are there',
  { timeout: 90_000 },
  async () => {
    const sandbox = await startSandbox({ datapath: 'dummy' });
    const events: EngineEvent[] = [];
    const engine = new Engine({ onEvent: (event) => events.push(event) });
    try {
      const settings = ['datapath_type=dummy', 'fail_mode=secure', 'protocols=OpenFlow15'];
      await sandbox.vsctl('add-br', bridge, '--', 'set', 'bridge', bridge, ...settings);
      engine.connect(sandbox.mgmt(bridge));
      const bytes = batchOf({ owners });
      await engine.commit(batchOf({ owners: 1 }), { full: true });
      const pending = engine.commit(bytes);
      await until('bundles are under way', async () => (await engine.stats()).confirmed > owners / 10);
      const pid = sandbox.vswitchdPid ?? 0;
      process.kill(pid, 'SIGSTOP');
      try {
        await sleep(15_000); // the fault itself
        expect(await engine.stats()).toMatchObject({ pendingCommits: 1, state: 'synced' });
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      expect(await pending).toMatchObject({ quarantined: [] });
      expect(events.filter(({ type }) => type === 'down')).toEqual([]);
      expect(await engine.stats()).toMatchObject({ confirmed: owners, unsettled: 0 });
      const said = await sandbox.ofctl(['dump-aggregate', bridge]);
      expect(said).toContain(`flow_count=${owners}`);
    } finally {
      await engine.close();
      await sandbox.stop();
    }
  },
);
