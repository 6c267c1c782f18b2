/**
 * Where the example is shown: for root, two hosts in namespaces with real packets between them; for anybody else, one
 * private Open vSwitch that is asked what it would do.
 * Neighbours: index.ts tries packets on the stage and strikes it.
 * Invariant: strike() leaves nothing behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DaemonConfig } from '../../config/index.js';
import { startDaemon, type Daemon } from '../../main.js';
import { createLab, startSandbox, type Lab, type LabHost, type Sandbox, type Workload } from '../../sandbox/index.js';
import { isRemote, mirror, peerOf, text, vtepOf, withSettings, type ObjectSpec, type Try } from './example.js';

export interface Stage {
  /** What verdicts come from. */
  readonly how: 'packets' | 'ofproto/trace';
  readonly daemon: Daemon;
  /** The daemon on whose host an endpoint lives. */
  daemonOf(endpoint: string): Daemon;
  /** Sends the packet; undefined where none can be sent. */
  send(packet: Try): Promise<'allow' | 'stopped' | undefined>;
  /** The objects to apply to the example host. */
  readonly objects: readonly ObjectSpec[];
  strike(): Promise<void>;
}

type Undo = (() => Promise<unknown>)[];

async function strike(undo: Undo): Promise<void> {
  for (const step of undo.splice(0).toReversed()) await step();
}

async function daemonOn(sandbox: Sandbox, datapathType: DaemonConfig['datapathType'], undo: Undo): Promise<Daemon> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-start-'));
  undo.push(() => rm(directory, { recursive: true, force: true }));
  const daemon = await startDaemon({
    vlanInterfaces: [],
    underlayInterfaces: [],
    adoptHostIp: false,
    confirmWithin: 30,
    vxlanPort: 4789,
    bridge: 'br-sluice',
    uplinkBridge: 'br-sluice-up',
    datapathType,
    db: sandbox.remote,
    rundir: sandbox.rundir,
    stateDir: join(directory, 'state'),
    takeOver: false,
    socket: join(directory, 'sluice.sock'),
    listen: [],
    logLevel: 'warn',
    sandbox: false,
    sources: { datapathType: { from: 'flag', name: '--datapath-type' } },
  });
  undo.push(() => daemon.stop());
  return daemon;
}

/** One switch that forwards nothing and answers ofproto/trace; needs no root. */
export async function traceStage(objects: readonly ObjectSpec[]): Promise<Stage> {
  const undo: Undo = [];
  try {
    const sandbox = await startSandbox({ datapath: 'dummy' });
    undo.push(() => sandbox.stop());
    const daemon = await daemonOn(sandbox, 'dummy', undo);
    return {
      how: 'ofproto/trace',
      daemon,
      daemonOf: () => daemon,
      send: () => Promise.resolve(undefined),
      objects: withSettings(objects, { datapathType: 'dummy' }),
      strike: () => strike(undo),
    };
  } catch (error) {
    await strike(undo);
    throw error;
  }
}

/** Addresses of a workload that stands for an endpoint. */
async function standIn(lab: Lab, host: LabHost, e: ObjectSpec, networks: readonly ObjectSpec[]): Promise<Workload> {
  const network = networks.find((n) => n['tenant'] === e['tenant'] && n['name'] === e['network']);
  const length = (field: string, otherwise: number): string =>
    /\/(\d+)$/.exec(text(network, field))?.[1] ?? `${otherwise}`;
  const [ipv6] = (e['ipv6'] as string[] | undefined) ?? [];
  return lab.workload(host, {
    name: text(e, 'id'),
    interface: text(e, 'interface'),
    mac: text(e, 'mac'),
    ...(e['ipv4'] === undefined ? {} : { ipv4: `${text(e, 'ipv4')}/${length('subnet', 24)}` }),
    ...(ipv6 === undefined ? {} : { ipv6: `${ipv6}/${length('ipv6Subnet', 64)}` }),
  });
}

/** Two hosts, a wire for the underlay and one for the VLANs, and a workload for every endpoint. */
export async function packetStage(objects: readonly ObjectSpec[]): Promise<Stage> {
  const undo: Undo = [];
  try {
    const lab = await createLab();
    undo.push(() => lab.stop());
    const here = await lab.host('h1');
    const there = await lab.host('h2');
    await lab.wire(here, 'underlay0', there, 'underlay0');
    await lab.wire(here, 'eth1', there, 'eth1');
    await lab.underlay(here, 'br-phy', 'underlay0', `${vtepOf(objects)}/24`);
    await lab.underlay(there, 'br-phy', 'underlay0', `${peerOf(objects)}/24`);

    const fit = { datapathType: 'netdev', vlanInterfaces: ['eth1'] };
    const theirs = withSettings(mirror(objects), fit);
    const networks = objects.filter((object) => object.kind === 'network');
    const workloads = new Map<string, Workload>();
    const place = async (host: LabHost, list: readonly ObjectSpec[]): Promise<void> => {
      for (const e of list.filter((o) => o.kind === 'endpoint' && o['interface'] !== undefined)) {
        workloads.set(text(e, 'id'), await standIn(lab, host, e, networks));
      }
    };
    await Promise.all([place(here, objects), place(there, theirs)]);

    const daemon = await daemonOn(here.sandbox, 'netdev', undo);
    const neighbour = await daemonOn(there.sandbox, 'netdev', undo);
    await neighbour.controller.apply({ put: theirs }, 'committed');
    const remote = new Set(objects.filter(isRemote).map((object) => text(object, 'id')));
    return {
      how: 'packets',
      daemon,
      daemonOf: (endpoint) => (remote.has(endpoint) ? neighbour : daemon),
      send: (packet) => sendPacket(workloads, objects, packet),
      objects: withSettings(objects, fit),
      strike: () => strike(undo),
    };
  } catch (error) {
    await strike(undo);
    throw error;
  }
}

/** The first packets through a fresh tunnel are spent on finding the peer's MAC, and TCP tries again only after 1 and 3 s. */
const allowedPatienceMs = 5000;
const deniedPatienceMs = 700;

async function sendPacket(
  workloads: ReadonlyMap<string, Workload>,
  objects: readonly ObjectSpec[],
  packet: Try,
): Promise<'allow' | 'stopped'> {
  const from = workloads.get(packet.from);
  const to = workloads.get(packet.to);
  const address = text(
    objects.find((o) => o.kind === 'endpoint' && o['id'] === packet.to),
    'ipv4',
  );
  if (!from || !to) throw new Error(`${packet.from} or ${packet.to} is no endpoint of the example`);
  if (packet.source !== undefined) {
    await from.addAddress(`${packet.source}/24`);
    const { received } = await from.ping(address, { count: 2, source: packet.source });
    await from.removeAddress(`${packet.source}/24`);
    return received > 0 ? 'allow' : 'stopped';
  }
  if (packet.protocol === 'icmp') {
    const { received } = await from.ping(address, { count: 4, timeoutMs: 1000 });
    return received > 0 ? 'allow' : 'stopped';
  }
  const port = packet.port ?? 80;
  const patienceMs = packet.expect === 'allow' ? allowedPatienceMs : deniedPatienceMs;
  const opened = packet.protocol === 'tcp' ? await to.listen(port) : await to.listenUdp(port);
  const seen =
    packet.protocol === 'tcp'
      ? await from.connect(address, port, patienceMs)
      : await from.udp(address, port, patienceMs);
  await opened.close();
  return seen === 'timeout' ? 'stopped' : 'allow';
}
