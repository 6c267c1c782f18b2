/**
 * A laboratory for real packets: hosts, wires between them, workloads on them. Needs root, no kernel module.
 * Neighbours: sandbox.ts gives each host its own Open vSwitch in its own namespace; workload.ts is what hangs on it.
 * Invariant: every name lies in namespaces of our own; the machine's own interfaces and addresses are never touched.
 */
import { startCapture, type Capture } from './capture.js';
import { run } from './exec.js';
import { type Entry, openEntry } from './registry.js';
import { addNamespace, type Sandbox, startSandbox } from './sandbox.js';
import { Workload, type WorkloadOptions } from './workload.js';

export interface LabHost {
  readonly name: string;
  readonly netns: string;
  readonly sandbox: Sandbox;
  /** Runs a program in the host's namespace; answers its stdout. */
  exec(command: string, ...args: string[]): Promise<string>;
  /** tcpdump on one of the host's interfaces. */
  capture(iface: string, filter?: string): Promise<Capture>;
}

export interface Lab {
  /** Whether namespaces have IPv6 on this machine. */
  readonly ipv6: boolean;
  host(name: string): Promise<LabHost>;
  /** A cable (veth) between two hosts; both ends are up. Default MTU 1500. */
  wire(a: LabHost, ifA: string, b: LabHost, ifB: string, options?: { readonly mtu?: number }): Promise<void>;
  workload(host: LabHost, options: WorkloadOptions): Promise<Workload>;
  /** An uplink bridge that holds `nic` and carries the host's own address (with prefix length) on its internal port. */
  underlay(host: LabHost, bridge: string, nic: string, cidr: string): Promise<void>;
  stop(): Promise<void>;
}

export async function createLab(): Promise<Lab> {
  if (process.getuid?.() !== 0) throw new Error('A laboratory makes network namespaces and needs root.');
  const entry = openEntry();
  const hosts: Sandbox[] = [];
  const workloads: Workload[] = [];
  const ipv6 = await hasIpv6();
  let hardwareAddresses = 0;

  return {
    ipv6,

    async host(name) {
      const netns = `${entry.id}-${name}`;
      await addNamespace(entry, netns);
      // The kernel of a host namespace must stay out of what its vswitchd forwards: no IPv6 chatter from bridge ports,
      // and no ARP answers on a NIC for an address that sits on a bridge.
      await sysctl(netns, { 'ipv6/conf/default/disable_ipv6': 1, 'ipv4/conf/all/arp_ignore': 1 });
      const sandbox = await startSandbox({ datapath: 'netdev', netns });
      hosts.push(sandbox);
      return {
        name,
        netns,
        sandbox,
        exec: (command, ...args) => run(command, args, { netns }),
        capture: (iface, filter) => startCapture(entry, netns, iface, filter),
      };
    },

    async wire(a, ifA, b, ifB, options = {}) {
      await run('ip', [
        'link',
        'add',
        'name',
        ifA,
        'netns',
        a.netns,
        'type',
        'veth',
        'peer',
        'name',
        ifB,
        'netns',
        b.netns,
      ]);
      for (const [host, iface] of [
        [a, ifA],
        [b, ifB],
      ] as const) {
        await run('ip', ['-n', host.netns, 'link', 'set', 'dev', iface, 'mtu', String(options.mtu ?? 1500), 'up']);
      }
    },

    async workload(host, options) {
      const made = await addWorkload(entry, host, options, ipv6);
      workloads.push(made);
      return made;
    },

    async underlay(host, bridge, nic, cidr) {
      const hwaddr = `02:5b:00:00:00:${(++hardwareAddresses).toString(16).padStart(2, '0')}`;
      const settings = ['datapath_type=netdev', `other-config:hwaddr=${hwaddr}`];
      await host.sandbox.vsctl(
        'add-br',
        bridge,
        '--',
        'set',
        'bridge',
        bridge,
        ...settings,
        '--',
        'add-port',
        bridge,
        nic,
      );
      const v6 = cidr.includes(':');
      if (v6) await sysctl(host.netns, { [`ipv6/conf/${bridge}/disable_ipv6`]: 0 });
      await ipBatch(host.netns, [`addr add ${cidr} dev ${bridge}${v6 ? ' nodad' : ''}`, `link set ${bridge} up`]);
    },

    async stop() {
      await Promise.all(workloads.map((workload) => workload.stop()));
      await Promise.all(hosts.map((sandbox) => sandbox.stop()));
      entry.release();
    },
  };
}

async function addWorkload(entry: Entry, host: LabHost, options: WorkloadOptions, ipv6: boolean): Promise<Workload> {
  const netns = `${host.netns}-${options.name}`;
  const mtu = options.mtu ?? 1450;
  await addNamespace(entry, netns);
  if (ipv6) {
    // Addresses are usable at once and nothing but the test speaks: no duplicate detection, no router solicitations.
    await sysctl(netns, {
      'ipv6/conf/default/accept_dad': 0,
      'ipv6/conf/default/router_solicitations': 0,
      'ipv6/conf/default/disable_ipv6': options.ipv6 === undefined ? 1 : 0,
    });
  }
  const end = ['netns', netns, 'address', options.mac];
  await run('ip', [
    'link',
    'add',
    'name',
    options.interface,
    'netns',
    host.netns,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    ...end,
  ]);
  const lines = [`link set eth0 mtu ${mtu}`];
  if (options.ipv4 !== undefined) lines.push(`addr add ${options.ipv4} dev eth0`);
  if (options.ipv6 !== undefined && ipv6) lines.push(`addr add ${options.ipv6} dev eth0 nodad`);
  lines.push('link set eth0 up');
  if (options.gateway !== undefined) lines.push(`route add default via ${options.gateway}`);
  if (options.gateway6 !== undefined && ipv6) lines.push(`route add default via ${options.gateway6}`);
  await ipBatch(netns, lines);
  await ipBatch(host.netns, [`link set dev ${options.interface} mtu ${mtu} up`]);
  // The userspace datapath hands frames on as they are: a checksum left to the (virtual) NIC would never be filled in.
  await run('ethtool', ['-K', 'eth0', 'tx', 'off'], { netns });
  return new Workload(entry, netns, options);
}

async function ipBatch(netns: string, lines: readonly string[]): Promise<void> {
  await run('ip', ['-n', netns, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Sets /proc/sys/net values where they exist: containers may lack IPv6 or mount them read-only. */
async function sysctl(netns: string, values: Readonly<Record<string, number>>): Promise<void> {
  const lines = Object.entries(values).map(([key, value]) => `echo ${value} > /proc/sys/net/${key}`);
  await run('sh', ['-c', `{ ${lines.join('; ')}; } 2>/dev/null || true`], { netns });
}

async function hasIpv6(): Promise<boolean> {
  const answer = await run('sh', ['-c', 'test -d /proc/sys/net/ipv6/conf && echo yes || echo no']);
  return answer.trim() === 'yes';
}
