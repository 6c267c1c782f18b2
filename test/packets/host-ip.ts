/**
 * A host whose only card carries its only addresses, a machine at the other end of the cable that talks to it all the time, and
 * a Sluice as a process in the host's namespace. Neighbours: adopt.test.ts and rollback.test.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceClient } from '../../src/api/client.js';
import { createLab, run, until, type Lab, type LabHost, type Workload } from '../../src/sandbox/index.js';
import { readJournal, type Journal } from '../../src/watchdog/journal.js';
import { serveProcess, type DaemonProcess } from '../support/daemon.js';
import { scratch } from './overlay.js';

export const hostIp = '10.0.0.5';
export const otherIp = '10.0.0.1';
export const nic = 'eth0';
export const bridge = 'br-sluice-up';

export interface HostIpBench {
  readonly lab: Lab;
  readonly host: LabHost;
  /** At the other end of the cable. */
  readonly other: Workload;
  readonly stateDir: string;
  readonly client: SluiceClient;
  ip(...args: string[]): Promise<string>;
  /** Addresses and routes as ip(8) prints them, without what only time changes. */
  picture(): Promise<string>;
  serve(...flags: string[]): Promise<DaemonProcess>;
  journal(): Journal | undefined;
  /** Resolves when no watchdog runs and the picture is this. */
  settles(picture: string): Promise<void>;
  /** A server of the host itself that pushes to whoever connects. */
  push(port: number): Promise<void>;
  /** The NICs of the uplink bridge. */
  nics(): Promise<string[]>;
  stop(): Promise<void>;
}

/** What moves by itself: lifetimes, and where the kernel numbers devices. */
export function still(text: string): string {
  return text
    .replaceAll(/"(valid_life_time|preferred_life_time|expires)":\d+/g, (all, key: string) =>
      all.endsWith('4294967295') ? all : `"${key}":"some"`,
    )
    .replaceAll('},{', '},\n{');
}

export async function hostIpBench(extra: readonly string[] = []): Promise<HostIpBench> {
  const lab = await createLab();
  const dir = scratch();
  try {
    return await onLab(lab, dir, extra);
  } catch (error) {
    await lab.stop();
    dir.remove();
    throw error;
  }
}

async function onLab(lab: Lab, dir: ReturnType<typeof scratch>, extra: readonly string[]): Promise<HostIpBench> {
  const daemons: DaemonProcess[] = [];
  const servers: ChildProcess[] = [];
  const host = await lab.host('h');
  const batch = (lines: readonly string[]) =>
    run('ip', ['-n', host.netns, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  await host.exec(
    'sh',
    '-c',
    'echo 0 > /proc/sys/net/ipv6/conf/default/disable_ipv6; echo 0 > /proc/sys/net/ipv4/conf/all/arp_ignore',
  );
  const other = await lab.workload(host, {
    name: 'other',
    interface: nic,
    mac: '02:00:00:00:0a:01',
    ipv4: `${otherIp}/24`,
    ipv6: 'fd00::1/64',
    mtu: 1400,
  });
  await batch([
    // A lab keeps IPv6 off its hosts; this one is an ordinary machine.
    `addr add ${hostIp}/24 brd + dev ${nic}`,
    `addr add 10.0.0.7/24 dev ${nic} valid_lft 5000 preferred_lft 4000`,
    `route add default via ${otherIp} src ${hostIp} metric 100`,
    ...extra,
  ]);
  const ip = (...args: string[]) => host.exec('ip', ...args);
  const journalFile = join(dir.path, `adopt-${nic}.json`);
  const client = new SluiceClient(join(dir.path, 's.sock'));
  const bench: HostIpBench = {
    lab,
    host,
    other,
    client,
    stateDir: dir.path,
    ip,
    async picture() {
      const [addresses, four, six] = await Promise.all([
        ip('-j', '-d', 'address', 'show', 'dev', nic),
        ip('-j', '-d', '-4', 'route', 'show', 'table', 'all'),
        ip('-j', '-d', '-6', 'route', 'show', 'table', 'all'),
      ]);
      // Bridges may stay for a moment; what they have of their own is no part of it.
      const own = (text: string) =>
        JSON.stringify(
          (JSON.parse(text || '[]') as { dev?: string }[]).filter(
            ({ dev }) => !dev?.startsWith('br-') && dev !== 'ovs-netdev',
          ),
        );
      return still([addresses, own(four), own(six)].join('\n'));
    },
    async serve(...flags) {
      const places = ['--state-dir', dir.path, '--socket', join(dir.path, 's.sock'), '--rundir', host.sandbox.rundir];
      const daemon = await serveProcess([...places, '--datapath-type', 'netdev', ...flags], host.netns);
      daemons.push(daemon);
      return daemon;
    },
    journal: () => (existsSync(journalFile) ? readJournal(journalFile) : undefined),
    async settles(picture) {
      let seen = '';
      const same = async () => {
        seen = await bench.picture();
        return seen === picture && (await watchdogs(dir.path)).length === 0;
      };
      await until('everything is as it was', same, {
        timeoutMs: 20_000,
        everyMs: 50,
        detail: () => `\n${difference(picture, seen)}`,
      });
    },
    async push(port) {
      const source = `require('net').createServer((s) => { const t = setInterval(() => s.write('x'.repeat(64)), 5); s.on('error', () => {}); s.on('close', () => clearInterval(t)); }).listen(${port}, () => console.log('up'))`;
      const child = spawn('ip', ['netns', 'exec', host.netns, process.execPath, '-e', source], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      servers.push(child);
      await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    },
    async nics() {
      const { sandbox } = host;
      // No bridge, no NICs: asked in one go, as the bridge may be taken away between two questions.
      const names = await sandbox.vsctl('list-ifaces', bridge).catch((error: unknown) => {
        if (String(error).includes('no bridge named')) return '';
        throw error;
      });
      return names.split('\n').filter((name) => name.startsWith('eth'));
    },
    async stop() {
      for (const server of servers) server.kill('SIGKILL');
      for (const daemon of daemons) await daemon.kill('SIGKILL');
      await until('the watchdogs end', async () => (await watchdogs(dir.path)).length === 0, { timeoutMs: 60_000 });
      await lab.stop();
      dir.remove();
    },
  };
  // Link-local addresses and their duplicate detection come by themselves, later.
  await until(
    'the card is settled',
    async () => !/"tentative":true/.test(await ip('-j', 'address', 'show', 'dev', nic)),
    { timeoutMs: 10_000 },
  );
  return bench;
}

function difference(wanted: string, seen: string): string {
  const [a, b] = [wanted.split('\n'), seen.split('\n')];
  return [
    ...a.filter((line) => !b.includes(line)).map((line) => `- ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
}

/** Processes that were started for a state directory and are not the daemon. */
export async function watchdogs(stateDir: string): Promise<number[]> {
  const text = await run('sh', ['-c', `grep -lsF 'watchdog/main' /proc/[0-9]*/cmdline || true`]);
  const pids = text.match(/\d+/g) ?? [];
  const found: number[] = [];
  for (const pid of pids) {
    const line = await run('sh', ['-c', `tr '\\0' ' ' < /proc/${pid}/cmdline 2>/dev/null || true`]);
    if (line.includes(stateDir)) found.push(Number(pid));
  }
  return found;
}

export function filesOf(stateDir: string): string[] {
  return readdirSync(stateDir).filter((name) => name.startsWith('adopt-'));
}
