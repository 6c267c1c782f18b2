/** A private Open vSwitch comes up ready, restarts, and leaves nothing behind, however its owner ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { failure } from '../../src/sandbox/exec.js';
import { MissingToolError, run, type Sandbox, startSandbox, sweep, until } from '../../src/sandbox/index.js';

const asRoot = process.getuid?.() === 0;
const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function sandbox(...args: Parameters<typeof startSandbox>): Promise<Sandbox> {
  const started = await startSandbox(...args);
  stops.push(() => started.stop());
  return started;
}

const alive = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);

describe.each([{ datapath: 'dummy' as const }, ...(asRoot ? [{ datapath: 'netdev' as const }] : [])])(
  '$datapath',
  (options) => {
    const bridge = [
      'add-br',
      'br0',
      '--',
      'set',
      'bridge',
      'br0',
      `datapath_type=${options.datapath}`,
      'fail_mode=secure',
    ];

    test('a bridge takes OpenFlow 1.5 as soon as ovs-vsctl has returned', async () => {
      const s = await sandbox(options);
      await s.vsctl(...bridge);
      await s.ofctl(['add-flows', 'br0', '-'], { input: 'table=3,priority=7,ip,actions=drop\n' });
      expect(await s.ofctl(['--no-stats', 'dump-flows', 'br0'])).toBe(' table=3, priority=7,ip actions=drop\n');
      expect(await s.appctl('ofproto/list')).toBe('br0\n');
      expect(existsSync(s.mgmt('br0').slice('unix:'.length))).toBe(true);
    });

    test('vswitchd killed and started again has its bridges but none of its flows', async () => {
      const s = await sandbox(options);
      await s.vsctl(...bridge);
      await s.ofctl(['add-flow', 'br0', 'actions=drop']);
      const before = s.vswitchdPid;
      await s.killVswitchd('SIGKILL');
      expect(s.vswitchdPid).toBeUndefined();
      await s.startVswitchd();
      expect(s.vswitchdPid).not.toBe(before);
      expect(readFileSync(s.vswitchdPidFile, 'utf8').trim()).toBe(String(s.vswitchdPid));
      expect(await s.ofctl(['--no-stats', 'dump-flows', 'br0'])).toBe('');
    });

    test('nothing in the log is a warning', async () => {
      const s = await sandbox(options);
      await s.vsctl(...bridge);
      expect(readFileSync(s.vswitchdLog, 'utf8')).not.toMatch(/\|(WARN|ERR|EMER)\|/);
    });

    test('stop ends the processes and removes folder and namespace', async () => {
      const s = await startSandbox(options);
      const pid = s.vswitchdPid ?? 0;
      await s.stop();
      expect(alive(pid)).toBe(false);
      expect(existsSync(s.rundir)).toBe(false);
      if (s.netns !== undefined) expect(existsSync(`/run/netns/${s.netns}`)).toBe(false);
    });
  },
);

test('ovsdb-server can be killed and started again; the database is kept', async () => {
  const s = await sandbox({ datapath: 'dummy' });
  await s.vsctl('add-br', 'br7', '--', 'set', 'bridge', 'br7', 'datapath_type=dummy');
  await s.killOvsdb('SIGKILL');
  await s.startOvsdb();
  expect(await s.vsctl('list-br')).toBe('br7\n');
});

test('a given run directory is used, and kept when it was there before', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  stops.push(() => rmSync(dir, { recursive: true }));
  const s = await sandbox({ datapath: 'dummy', dir });
  expect(s.remote).toBe(`unix:${dir}/db.sock`);
  await s.stop();
  expect(existsSync(dir)).toBe(true);
});

describe('an owner that ends without stop()', () => {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const face = new URL('../../src/sandbox/index.ts', import.meta.url).href;

  /** A process of its own that holds a sandbox: answers its own handle, vswitchd's pid and the run directory. */
  async function holder(): Promise<{ child: ChildProcess; vswitchd: number; rundir: string }> {
    const script = `const { startSandbox } = await import('${face}');
      const s = await startSandbox({ datapath: 'dummy' });
      console.log(JSON.stringify({ vswitchd: s.vswitchdPid, rundir: s.rundir }));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    stops.push(() => void child.kill('SIGKILL'));
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until('the sandbox is up', () => text.endsWith('\n'), { timeoutMs: 20_000 });
    const said: { vswitchd: number; rundir: string } = JSON.parse(text);
    return { child, ...said };
  }

  test.each(['SIGTERM', 'SIGINT'] as const)('%s: it cleans up before it dies of the signal', async (signal) => {
    const { child, vswitchd, rundir } = await holder();
    const ended = new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
    child.kill(signal);
    expect(await ended).toBe(signal);
    expect(existsSync(rundir)).toBe(false);
    await until('vswitchd is gone', () => !alive(vswitchd));
  });

  test('SIGKILL: the switch dies with it, the next start sweeps its folder', async () => {
    const { child, vswitchd, rundir } = await holder();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await until('vswitchd is gone', () => !alive(vswitchd));
    expect(existsSync(rundir)).toBe(true);
    sweep();
    expect(existsSync(dirname(rundir))).toBe(false);
  });
});

test('a missing program is named with the command that installs it', async () => {
  await expect(run('tcpdump', [], { env: {}, netns: 'no-such-namespace' })).rejects.toThrow();
  expect(new MissingToolError('ovs-vswitchd').message).toMatch(
    /^ovs-vswitchd is not installed\. Get it with: (sudo )?apt-get install -y openvswitch-switch$/,
  );
});

test('a program missing inside a namespace is named likewise; other failures keep their words', async () => {
  const said = (command: string, stderr: string) => failure(command, [], 1, '', stderr).message;
  expect(said('tcpdump', 'exec of "tcpdump" failed: No such file or directory')).toContain('install -y tcpdump');
  expect(said('ovs-vswitchd', 'setpriv: failed to execute ovs-vswitchd: No such file or directory')).toContain(
    'install -y openvswitch-switch',
  );
  expect(said('ping', 'ping: nowhere: Name or service not known')).toBe(
    'ping: ping: nowhere: Name or service not known (1)',
  );
});
