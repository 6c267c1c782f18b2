/** Control sockets of a real ovs-vswitchd. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unixctl } from '../../src/native/index.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/index.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ datapath: 'dummy' });
});
afterAll(() => sandbox.stop());

test('a command answers with its output, an unknown one with the daemon’s complaint', async () => {
  const control = unixctl(sandbox.rundir);
  expect(await control.call('version')).toMatch(/^ovs-vswitchd \(Open vSwitch\)/);
  await expect(control.call('no/such')).rejects.toMatchObject({ code: 'rpc_error' });
  await expect(control.call('no/such')).rejects.toThrow('"no/such" is not a valid command');
  await expect(control.call('ofproto/trace', 'br-none', 'in_port=1')).rejects.toMatchObject({ code: 'rpc_error' });
});

test('calls do not wait for each other, and other daemons are reached by name', async () => {
  const control = unixctl(sandbox.rundir);
  const answers = await Promise.all(Array.from({ length: 20 }, () => control.call('coverage/show')));
  expect(answers).toHaveLength(20);
  expect(await unixctl(sandbox.rundir, 'ovsdb-server').call('version')).toMatch(/^ovsdb-server/);
});

test('a restarted daemon is found by its new pid', async () => {
  const control = unixctl(sandbox.rundir);
  await control.call('version');
  await sandbox.killVswitchd('SIGKILL');
  await expect(control.call('version')).rejects.toMatchObject({ code: 'unavailable' });
  await sandbox.startVswitchd();
  expect(await control.call('version')).toMatch(/^ovs-vswitchd/);
});

test('a daemon that never ran is named', async () => {
  await expect(unixctl('/nonexistent').call('version')).rejects.toThrow(
    '/nonexistent/ovs-vswitchd: /nonexistent/ovs-vswitchd.pid: No such file or directory',
  );
});
