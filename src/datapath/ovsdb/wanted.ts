/**
 * The bridges and ports that the desired state asks of the switch's database; pure.
 * Neighbours: plan.ts turns the difference to the rows into one transaction.
 */
import {
  formatMac,
  hostMac,
  interfaceOf,
  type AnyObject,
  type Change,
  type Settings,
  type State,
} from '../../model/index.js';

export interface WantedInterface {
  readonly name: string;
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
  readonly mtuRequest?: number;
  /** Of an internal port. */
  readonly mac?: string;
}

export interface WantedPort {
  readonly name: string;
  readonly interfaces: readonly WantedInterface[];
  /** Columns of a bond, by OVSDB name. */
  readonly bond?: {
    readonly mode: string;
    readonly lacp: string;
    readonly otherConfig: Readonly<Record<string, string>>;
  };
  /** What it is for; kept in external_ids, where it marks the port as ours to remove. */
  readonly role: string;
}

/** What the host's own network asks of the uplink bridges. */
export interface HostIpView {
  /** NICs that are wanted and must not be taken (yet): the host would be cut off. */
  readonly left: ReadonlySet<string>;
  /** MAC and MTU of a bridge's own port, where it carries addresses of the host; they are those of the NIC. */
  readonly pins: ReadonlyMap<string, { readonly hwaddr: string; readonly mtu: number }>;
}

export const nothingHeld: HostIpView = { left: new Set(), pins: new Map() };

export interface WantedBridge {
  readonly name: string;
  /** Instead of one made up for this host. */
  readonly pin?: { readonly hwaddr: string; readonly mtu: number };
  readonly datapathType: string;
  readonly failMode: 'secure' | 'standalone';
  readonly protocols: readonly string[];
  /** Table names by number, so that the switch's own tools print them. */
  readonly tables: readonly string[];
  readonly ports: readonly WantedPort[];
}

/** The ends of the patch between the two bridges, and the tunnel port. */
export const patchToUplink = 'sluice-uplink';
export const patchToIntegration = 'sluice-int';
export const tunnelPort = 'sluice-vxlan';
export const bondPort = 'sluice-bond';
/** A NIC that carries VXLAN only has an uplink bridge of its own, whose internal port holds the VTEP IP. */
export const underlayBridge = 'br-sluice-ul';
export const underlayBond = 'sluice-ulbond';

/** ovs-ofctl and other tools default to older versions than 1.5; leave them in. */
const protocols = ['OpenFlow10', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'];

/** The interfaces of local endpoints, each once, sorted. */
export function endpointInterfaces(state: State): string[] {
  const names = new Set<string>();
  for (const e of state.endpoints.values()) {
    const name = interfaceOf(e);
    if (name !== undefined) names.add(name);
  }
  return [...names].toSorted();
}

function device(name: string): WantedInterface {
  return { name, type: '', options: {} };
}

function patch(name: string, peer: string): WantedPort {
  return { name, role: 'patch', interfaces: [{ name, type: 'patch', options: { peer } }] };
}

/** The host's own ports: for host access, and in each infra network, with the MAC of the endpoint that stands for the host there. */
function hostPorts(state: State): WantedPort[] {
  const { hostAccess } = state.settings;
  const own = hostAccess && {
    ...{ name: hostAccess.port, type: 'internal', options: {} },
    mac: formatMac(hostMac(hostAccess)),
  };
  const access = own ? [{ name: own.name, role: 'host', interfaces: [own] }] : [];
  const inNetworks = [...state.networks.values()]
    .filter(({ infra }) => infra)
    .map(({ spec: { name } }) => {
      const mac = state.endpointAt(name)?.spec.mac;
      return { name, role: 'host', interfaces: [{ name, type: 'internal', options: {}, ...(mac ? { mac } : {}) }] };
    });
  return [...access, ...inNetworks];
}

/** One NIC is a port of its name; several are a bond. Sorted, so that their order in the settings means nothing. */
function uplinkPort(nics: readonly string[], bond: Settings['bond'], bondName: string): WantedPort {
  const [only] = nics;
  if (nics.length === 1 && only !== undefined) return { name: only, role: 'uplink', interfaces: [device(only)] };
  return {
    name: bondName,
    role: 'uplink',
    interfaces: nics.toSorted().map(device),
    // A partner that does not speak LACP is served as by active-backup; one that falls silent is noticed within 3 s.
    bond: {
      ...bond,
      otherConfig: bond.lacp === 'off' ? {} : { 'lacp-fallback-ab': 'true', 'lacp-time': 'fast' },
    },
  };
}

export function wantedBridges(state: State, tables: readonly string[], hostIp = nothingHeld): WantedBridge[] {
  const { settings } = state;
  const ports = hostPorts(state);
  const own = new Set(ports.map(({ name }) => name));
  for (const name of endpointInterfaces(state)) {
    if (!own.has(name)) ports.push({ name, role: 'endpoint', interfaces: [device(name)] });
  }
  if (settings.vtepIp !== undefined) {
    const options = {
      remote_ip: 'flow',
      local_ip: 'flow',
      key: 'flow',
      dst_port: String(settings.vxlanPort),
      // ECN is taken over either way (RFC 6040); this is about the DSCP.
      ...(settings.tunnelDscp === 'copy' ? { tos: 'inherit' } : {}),
    };
    ports.push({ name: tunnelPort, role: 'tunnel', interfaces: [{ name: tunnelPort, type: 'vxlan', options }] });
  }
  const uplinked = settings.vlanInterfaces.length > 0;
  if (uplinked) ports.push(patch(patchToUplink, patchToIntegration));
  const bridges: WantedBridge[] = [
    { name: settings.bridge, datapathType: settings.datapathType, failMode: 'secure', protocols, tables, ports },
  ];
  // Uplink bridges forward by themselves (NORMAL), also while no daemon runs: they may carry the host's own traffic.
  const outside = { datapathType: settings.datapathType, failMode: 'standalone', protocols, tables: [] } as const;
  const withNics = (
    name: string,
    names: readonly string[],
    bondName: string,
    more: WantedPort[] = [],
  ): WantedBridge => {
    const taken = names.filter((nic) => !hostIp.left.has(nic));
    const pin = hostIp.pins.get(name);
    const nics = taken.length > 0 ? [uplinkPort(taken, settings.bond, bondName)] : [];
    return { ...outside, name, ...(pin === undefined ? {} : { pin }), ports: [...nics, ...more] };
  };
  if (uplinked) {
    const { uplinkBridge, vlanInterfaces } = settings;
    bridges.push(withNics(uplinkBridge, vlanInterfaces, bondPort, [patch(patchToIntegration, patchToUplink)]));
  }
  if (settings.underlayInterfaces.length > 0) {
    bridges.push(withNics(underlayBridge, settings.underlayInterfaces, underlayBond));
  }
  return bridges;
}

/** What a change of it changes about the host's own port. */
function portOf(object: AnyObject | undefined): string | undefined {
  if (object?.kind === 'network') return object.infra ? object.spec.name : undefined;
  return interfaceOf(object) === undefined || object?.kind !== 'endpoint' ? undefined : object.spec.mac;
}

/** Whether changes may change the ports that are wanted. */
export function changesPorts(changes: readonly Change[]): boolean {
  return changes.some(({ before, after }) => {
    if ((before ?? after)?.kind === 'settings') return true;
    if (portOf(before) !== portOf(after)) return true;
    return interfaceOf(before) !== interfaceOf(after);
  });
}

/** Whether everybody's flows may speak of this port. */
export function isSharedPort(name: string, settings: Settings): boolean {
  const shared = [tunnelPort, patchToUplink, settings.bridge, settings.hostAccess?.port];
  return shared.includes(name);
}
