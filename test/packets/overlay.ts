/**
 * Two hosts with a Sluice each, an underlay and a trunk between them, and workloads that stand for endpoints.
 * Neighbours: every packet test. Both hosts are told the same objects; where an endpoint is differs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatapathController } from '../../src/datapath/controller.js';
import { emptyState } from '../../src/model/index.js';
import { createLab, type Lab, type LabHost, type Workload } from '../../src/sandbox/index.js';
import { memoryStore } from '../../src/store/index.js';
import { clock, silent } from '../support/quiet.js';

export const vteps = ['172.31.0.1', '172.31.0.2'] as const;

export interface Place {
  readonly id: string;
  readonly host: 0 | 1;
  readonly tenant: string;
  readonly network: string;
  readonly group?: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6?: string;
  /** Default routers of the workload; the endpoint knows nothing of them. */
  readonly gateway?: string;
  readonly gateway6?: string;
  /** Of the workload's interface. */
  readonly mtu?: number;
  readonly allowedAddresses?: readonly { readonly ip: string }[];
}

export interface Overlay {
  readonly lab: Lab;
  readonly hosts: readonly [LabHost, LabHost];
  readonly daemons: readonly [DatapathController, DatapathController];
  workload(id: string): Workload;
  /** Tell both hosts; resolves when both switches' datapaths follow. */
  apply(objects: readonly unknown[]): Promise<void>;
  /** Change some settings on both. */
  settings(fields: Readonly<Record<string, unknown>>): Promise<void>;
  remove(kind: 'rule' | 'endpoint' | 'service' | 'route', key: string): Promise<void>;
  stop(): Promise<void>;
}

/** The endpoint object as one host is told of it. */
function endpointOn(host: 0 | 1, place: Place, vlans: ReadonlySet<string>): unknown {
  const { host: home, ipv6, gateway: _, gateway6: __, mtu: ___, ...rest } = place;
  const object = { kind: 'endpoint', ...rest, ...(ipv6 === undefined ? {} : { ipv6: [ipv6] }) };
  if (home === host) return { ...object, interface: place.id };
  return vlans.has(`${place.tenant}/${place.network}`) ? object : { ...object, vtepIp: vteps[home] };
}

/** Puts an eth1 into both hosts. */
type Trunk = (lab: Lab, h1: LabHost, h2: LabHost) => Promise<void>;
const oneCable: Trunk = (lab, h1, h2) => lab.wire(h1, 'eth1', h2, 'eth1');

export async function buildOverlay(
  objects: readonly { kind: string }[],
  places: readonly Place[],
  trunk = oneCable,
): Promise<Overlay> {
  const lab = await createLab();
  try {
    return await onLab(lab, objects, places, trunk);
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

async function onLab(
  lab: Lab,
  objects: readonly { kind: string }[],
  places: readonly Place[],
  trunk: Trunk,
): Promise<Overlay> {
  const h1 = await lab.host('h1');
  const h2 = await lab.host('h2');
  const hosts = [h1, h2] as const;
  await lab.wire(h1, 'underlay0', h2, 'underlay0');
  await trunk(lab, h1, h2);
  await lab.underlay(h1, 'br-phy', 'underlay0', `${vteps[0]}/24`);
  await lab.underlay(h2, 'br-phy', 'underlay0', `${vteps[1]}/24`);
  const workloads = new Map<string, Workload>();
  for (const place of places) {
    const { id, mac, ipv4, ipv6, gateway, gateway6, mtu } = place;
    const options = {
      name: id,
      interface: id,
      mac,
      ipv4: `${ipv4}/24`,
      ...(ipv6 === undefined ? {} : { ipv6: `${ipv6}/64` }),
      ...(gateway === undefined ? {} : { gateway }),
      ...(gateway6 === undefined ? {} : { gateway6 }),
      ...(mtu === undefined ? {} : { mtu }),
    };
    workloads.set(id, await lab.workload(hosts[place.host], options));
  }
  const vlans = new Set(
    (objects as { kind: string; encap?: string; vlan?: number; tenant?: string; name?: string }[])
      .filter((o) => o.kind === 'network' && (o.encap === 'vlan' || o.vlan !== undefined))
      .map((o) => `${o.tenant}/${o.name}`),
  );
  const start = async (host: 0 | 1): Promise<DatapathController> => {
    const { remote, rundir } = hosts[host].sandbox;
    const options = {
      store: memoryStore(),
      state: emptyState(),
      database: remote,
      rundir,
      log: silent,
      clock,
      patienceMs: 20_000,
    };
    const daemon = new DatapathController(options);
    const settings = { kind: 'settings', vtepIp: vteps[host], vlanInterfaces: ['eth1'], datapathType: 'netdev' };
    await daemon.apply({ put: [settings] }, 'accepted');
    daemon.start();
    const peer = { kind: 'peer', vtepIp: vteps[host === 0 ? 1 : 0] };
    const endpoints = places.map((place) => endpointOn(host, place, vlans));
    await daemon.apply({ put: [peer, ...objects, ...endpoints] }, 'effective');
    return daemon;
  };
  const daemons = [await start(0), await start(1)] as const;
  return {
    lab,
    hosts,
    daemons,
    workload(id) {
      const found = workloads.get(id);
      if (!found) throw new Error(`no workload ${id}`);
      return found;
    },
    async apply(more) {
      await Promise.all(daemons.map((daemon) => daemon.apply({ put: more }, 'effective')));
    },
    async settings(fields) {
      await Promise.all(daemons.map((daemon) => daemon.apply({ settings: fields }, 'effective')));
    },
    async remove(kind, key) {
      await Promise.all(daemons.map((daemon) => daemon.apply({ delete: [{ kind, key }] }, 'effective')));
    },
    async stop() {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      await lab.stop();
    },
  };
}

/** A directory of its own for a test's daemon. */
export function scratch(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
