/**
 * A host with a Sluice, two NICs, and a fabric that is a second Open vSwitch: its port towards the host is a bond, behind
 * which the endpoint `far` lives on VLAN 100. The wire of eth1 runs through a third switch, which can swallow frames while
 * every link stays up.
 * Neighbours: bond.test.ts.
 */
import { DatapathController } from '../../src/datapath/controller.js';
import type { DatapathEvent, UplinkMember, UplinkStatus } from '../../src/datapath/face.js';
import { emptyState } from '../../src/model/index.js';
import { createLab, until, type Lab, type LabHost, type Workload } from '../../src/sandbox/index.js';
import { memoryStore } from '../../src/store/index.js';

const silent = { error() {}, warn() {}, info() {}, debug() {} };

export interface Fabric {
  readonly lab: Lab;
  readonly host: LabHost;
  readonly partner: LabHost;
  readonly daemon: DatapathController;
  /** On the host; pings `far`. */
  readonly near: Workload;
  readonly events: DatapathEvent[];
  /** What the daemon says of its VLAN uplink. */
  uplink(): UplinkStatus | undefined;
  member(name: string): UplinkMember | undefined;
  /** The fabric's ports are a bond with these columns. */
  partnerBond(columns: Readonly<Record<string, string>>): Promise<void>;
  /** The fabric's ports are two, and know nothing of each other or of LACP. */
  partnerPorts(): Promise<void>;
  /** The cable of a NIC is drawn, which both of its ends see, or plugged in again. */
  cable(nic: string, to: 'up' | 'down'): Promise<void>;
  /** Frames of eth1 are lost both ways, and no link goes down. */
  swallow(on: boolean): Promise<void>;
  stop(): Promise<void>;
}

export const far = '10.2.2.2';

const mac = (last: number): string => `02:00:00:00:03:0${last}`;

const objects = [
  { kind: 'tenant', name: 'blue' },
  { kind: 'network', tenant: 'blue', name: 'lan', encap: 'vlan', vlan: 100, subnet: '10.2.2.0/24' },
  { kind: 'endpoint', id: 'v1', tenant: 'blue', network: 'lan', mac: mac(1), ipv4: '10.2.2.1', interface: 'v1' },
  { kind: 'endpoint', id: 'far', tenant: 'blue', network: 'lan', mac: mac(2), ipv4: far },
];

export async function buildFabric(): Promise<Fabric> {
  const lab = await createLab();
  try {
    return await onLab(lab);
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

async function onLab(lab: Lab): Promise<Fabric> {
  const [host, partner, between] = [await lab.host('h1'), await lab.host('fab'), await lab.host('mid')];
  await lab.wire(host, 'eth1', between, 'left');
  await lab.wire(between, 'right', partner, 'eth1');
  await lab.wire(host, 'eth2', partner, 'eth2');
  const netdev = (bridge: string): string[] => [
    'add-br',
    bridge,
    '--',
    'set',
    'bridge',
    bridge,
    'datapath_type=netdev',
  ];
  // A wire carries LACP, too.
  await between.sandbox.vsctl(...netdev('wire'), 'other-config:forward-bpdu=true');
  await between.sandbox.vsctl('add-port', 'wire', 'left', '--', 'add-port', 'wire', 'right');
  const near = await lab.workload(host, { name: 'v1', interface: 'v1', mac: mac(1), ipv4: '10.2.2.1/24' });
  await lab.workload(partner, { name: 'far', interface: 'far', mac: mac(2), ipv4: `${far}/24` });
  await partner.sandbox.vsctl(...netdev('fab'), '--', 'add-port', 'fab', 'far', 'tag=100');
  const withoutPorts = ['bond0', 'eth1', 'eth2'].flatMap((name) => ['--', '--if-exists', 'del-port', 'fab', name]);
  const partnerBond: Fabric['partnerBond'] = async (columns) => {
    const pairs = Object.entries(columns).map(([name, value]) => `${name}=${value}`);
    const bond = ['--', 'add-bond', 'fab', 'bond0', 'eth1', 'eth2', ...pairs, 'other_config:lacp-time=fast'];
    await partner.sandbox.vsctl(...withoutPorts.slice(1), ...bond);
  };
  await partnerBond({ bond_mode: 'balance-tcp', lacp: 'active' });

  const { remote, rundir } = host.sandbox;
  const daemon = new DatapathController({
    store: memoryStore(),
    state: emptyState(),
    database: remote,
    rundir,
    log: silent,
    clock: () => Number(process.hrtime.bigint() / 1000n),
    patienceMs: 20_000,
  });
  const events: DatapathEvent[] = [];
  daemon.subscribe((event) => events.push(event));
  const settings = { kind: 'settings', vlanInterfaces: ['eth1', 'eth2'], datapathType: 'netdev' };
  await daemon.apply({ put: [settings] }, 'accepted');
  daemon.start();
  await daemon.apply({ put: objects }, 'effective');
  const uplink = (): UplinkStatus | undefined => daemon.health().uplinks[0];
  return {
    lab,
    host,
    partner,
    daemon,
    near,
    events,
    uplink,
    member: (name) => uplink()?.members.find((member) => member.name === name),
    partnerBond,
    async partnerPorts() {
      const ports = ['eth1', 'eth2'].flatMap((name) => ['--', 'add-port', 'fab', name]);
      await partner.sandbox.vsctl(...withoutPorts.slice(1), ...ports);
    },
    async cable(nic, to) {
      const set = (at: LabHost, name: string) => at.exec('ip', 'link', 'set', 'dev', name, to);
      if (nic === 'eth2') await set(partner, 'eth2');
      else await Promise.all([set(between, 'left'), set(between, 'right')]);
    },
    async swallow(on) {
      const flow = ['wire', 'priority=65535,actions=drop'];
      await between.sandbox.ofctl(on ? ['add-flow', ...flow] : ['--strict', 'del-flows', 'wire', 'priority=65535']);
    },
    async stop() {
      await daemon.stop();
      await lab.stop();
    },
  };
}

/** The longest of an outage that pings of this interval can have missed, after `change` and until they are answered again. */
export async function outageMs(
  near: Workload,
  change: () => Promise<unknown>,
  settled: () => boolean,
): Promise<number> {
  const intervalMs = 20;
  const pings = near.startPing(far, { intervalMs });
  await until('pings are answered', () => pings.received > 10);
  await change();
  await until('the change is seen', settled);
  const before = pings.received;
  await until('pings are answered again', () => pings.received > before + 20, { timeoutMs: 15_000 });
  const { lost } = await pings.stop();
  return (lost + 1) * intervalMs;
}
