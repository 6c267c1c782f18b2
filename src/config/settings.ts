/**
 * The one schema of the daemon's settings: flag, variable, key in the file, default and help of each.
 * Neighbours: load.ts reads by it, src/cli/serve.ts prints its help from it.
 * Invariant: a setting exists only here; DaemonConfig's fields are these keys.
 */
import type { Flag } from './flags.js';
import * as read from './values.js';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
export type DatapathType = 'system' | 'netdev' | 'dummy';
export type BondMode = 'balance-tcp' | 'balance-slb' | 'active-backup';
export type Lacp = 'active' | 'passive' | 'off';

export interface Setting<T> extends Flag {
  /** Its name in the configuration file; the flag's name is understood there too. */
  readonly key: string;
  /** Variables in order of preference. Names of Contiv's netplugin rank below the file: unit files of old still set them. */
  readonly env: readonly string[];
  /** One value; a list setting reads each of its items. */
  readonly read: read.Reader<T>;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const ipFlag = { type: 'value', placeholder: '<ip>' } as const;
const pathFlag = { type: 'value', placeholder: '<path>', read: read.absolutePath } as const;
const deviceFlag = { placeholder: '<name>', read: read.deviceName } as const;

export const settings = {
  vtepIp: {
    ...ipFlag,
    name: 'vtep-ip',
    key: 'vtepIp',
    env: ['SLUICE_VTEP_IP', 'CONTIV_NETPLUGIN_VTEP_IP'],
    read: read.hostAddress,
    help: 'The address of this host that VXLAN tunnels start and end at. Without it, VXLAN networks stay on the host.',
    example: '--vtep-ip 10.0.0.5',
  },
  vlanInterfaces: {
    ...deviceFlag,
    type: 'list',
    name: 'vlan-if',
    aliases: ['vlan-uplinks'],
    key: 'vlanInterfaces',
    env: ['SLUICE_VLAN_IF', 'CONTIV_NETPLUGIN_VLAN_UPLINKS'],
    help: 'The network cards that carry VLAN networks out of the host. Repeat the flag or separate names with commas.',
    example: '--vlan-if eth1,eth2',
  },
  underlayInterfaces: {
    ...deviceFlag,
    type: 'list',
    name: 'underlay-if',
    key: 'underlayInterfaces',
    env: ['SLUICE_UNDERLAY_IF'],
    help: 'The network cards that carry VXLAN packets, when Sluice shall own them. Leave it out if the host routes them.',
    example: '--underlay-if eth3',
  },
  adoptHostIp: {
    type: 'switch',
    name: 'adopt-host-ip',
    key: 'adoptHostIp',
    env: ['SLUICE_ADOPT_HOST_IP'],
    read: read.switchWord,
    help: "Lets an uplink be a card that carries addresses of the host: addresses, routes and MTU move to the uplink bridge's own port. Everything goes back unless --check-address answers or `sluice uplink confirm` is given in time.",
    example: '--adopt-host-ip',
  },
  checkAddress: {
    ...ipFlag,
    name: 'check-address',
    key: 'checkAddress',
    env: ['SLUICE_CHECK_ADDRESS'],
    read: read.hostAddress,
    help: 'The address that must answer a ping over the bridge before a move of host addresses counts as done. The default router is a good one.',
    example: '--check-address 10.0.0.1',
  },
  confirmWithin: {
    type: 'value',
    placeholder: '<seconds>',
    name: 'confirm-within',
    key: 'confirmWithin',
    env: ['SLUICE_CONFIRM_WITHIN'],
    read: read.seconds,
    help: 'How many seconds a move of host addresses waits for --check-address or for `sluice uplink confirm`. Then everything is put back.',
    example: '--confirm-within 30',
  },
  bondMode: {
    type: 'value',
    placeholder: '<mode>',
    name: 'bond-mode',
    key: 'bondMode',
    env: ['SLUICE_BOND_MODE'],
    read: read.oneOf('balance-tcp', 'balance-slb', 'active-backup'),
    help: 'How several uplink cards share the load: balance-tcp by connection, balance-slb by MAC, active-backup not at all. It has no effect on one card.',
    example: '--bond-mode active-backup',
  },
  lacp: {
    type: 'value',
    placeholder: '<who>',
    name: 'lacp',
    key: 'lacp',
    env: ['SLUICE_LACP'],
    read: read.oneOf('active', 'passive', 'off'),
    help: 'Who begins LACP on a bond: active is we, passive is the partner, off is nobody. A partner that does not speak it is served by one card at a time.',
    example: '--lacp active',
  },
  vxlanPort: {
    type: 'value',
    placeholder: '<port>',
    name: 'vxlan-port',
    key: 'vxlanPort',
    env: ['SLUICE_VXLAN_PORT', 'CONTIV_NETPLUGIN_VXLAN_PORT'],
    read: read.portNumber,
    help: 'The UDP port of VXLAN packets. All hosts must use the same one.',
    example: '--vxlan-port 4789',
  },
  bridge: {
    ...deviceFlag,
    type: 'value',
    name: 'bridge',
    key: 'bridge',
    env: ['SLUICE_BRIDGE'],
    help: 'The bridge that endpoints are attached to. It is created when it is not there.',
    example: '--bridge br-sluice',
  },
  uplinkBridge: {
    ...deviceFlag,
    type: 'value',
    name: 'uplink-bridge',
    key: 'uplinkBridge',
    env: ['SLUICE_UPLINK_BRIDGE'],
    help: 'The bridge that holds the VLAN network cards. It is created when it is not there.',
    example: '--uplink-bridge br-sluice-up',
  },
  datapathType: {
    type: 'value',
    placeholder: '<type>',
    name: 'datapath-type',
    key: 'datapathType',
    env: ['SLUICE_DATAPATH_TYPE'],
    read: read.oneOf('system', 'netdev', 'dummy'),
    help: 'The packet engine: system is the kernel, netdev is userspace, dummy forwards nothing. Existing bridges are not converted.',
    example: '--datapath-type netdev',
  },
  db: {
    type: 'value',
    placeholder: '<remote>',
    name: 'db',
    key: 'db',
    env: ['SLUICE_DB'],
    read: read.ovsdbRemote,
    help: "Where Open vSwitch's database listens. By default it is db.sock in the run directory.",
    example: '--db unix:/var/run/openvswitch/db.sock',
  },
  rundir: {
    ...pathFlag,
    name: 'rundir',
    key: 'rundir',
    env: ['SLUICE_RUNDIR', 'OVS_RUNDIR'],
    help: "Open vSwitch's run directory, with its sockets and pid files. OVS_RUNDIR is honoured as by its own tools.",
    example: '--rundir /var/run/openvswitch',
  },
  stateDir: {
    ...pathFlag,
    name: 'state-dir',
    key: 'stateDir',
    env: ['SLUICE_STATE_DIR'],
    help: 'The directory in which Sluice remembers what it was told. It survives restarts and holds no packets.',
    example: '--state-dir /var/lib/sluice',
  },
  takeOver: {
    type: 'switch',
    name: 'take-over',
    key: 'takeOver',
    env: ['SLUICE_TAKE_OVER'],
    read: read.switchWord,
    help: 'Works also on a bridge that was programmed from another state directory, and replaces its flows by those of this one. Without it such a start is refused.',
    example: '--take-over',
  },
  socket: {
    ...pathFlag,
    name: 'socket',
    key: 'socket',
    env: ['SLUICE_SOCKET'],
    help: 'The unix socket of the API. Whoever may write to it may change the network.',
    example: '--socket /run/sluice/sluice.sock',
  },
  listen: {
    type: 'list',
    placeholder: '<remote>',
    name: 'listen',
    key: 'listen',
    env: ['SLUICE_LISTEN'],
    read: read.listenRemote,
    help: 'Further places to serve the API on, loopback only. A TCP port needs --token-file.',
    example: '--listen ptcp:8080:127.0.0.1',
  },
  tokenFile: {
    ...pathFlag,
    name: 'token-file',
    key: 'tokenFile',
    env: ['SLUICE_TOKEN_FILE'],
    help: 'A file whose first line is the token that callers on TCP must send. Keep it readable by its owner alone.',
    example: '--token-file /etc/sluice/token',
  },
  logLevel: {
    type: 'value',
    placeholder: '<level>',
    name: 'log-level',
    key: 'logLevel',
    env: ['SLUICE_LOG_LEVEL'],
    read: read.oneOf(...logLevels),
    help: 'How much is written to the log: trace, debug, info, warn, error, fatal or silent. The log goes to standard output, one JSON line each.',
    example: '--log-level debug',
  },
  sandbox: {
    type: 'switch',
    name: 'sandbox',
    key: 'sandbox',
    env: ['SLUICE_SANDBOX'],
    read: read.switchWord,
    help: 'Starts a private Open vSwitch and works on that one. It is stopped, and everything on it gone, when Sluice stops.',
    example: '--sandbox',
  },
} as const satisfies Record<string, Setting<unknown>>;

export type SettingKey = keyof typeof settings;

function isSettingKey(name: string): name is SettingKey {
  return Object.hasOwn(settings, name);
}

export const settingKeys: readonly SettingKey[] = Object.keys(settings).filter(isSettingKey);

/** Flags of Contiv's netplugin that have no counterpart, and what to say to those who still pass them. */
export const contivHints: Readonly<Record<string, string>> = {
  mode: 'Sluice has no plugin mode: the agent calls its API; leave the flag out',
  'plugin-mode': 'Sluice has no plugin mode: the agent calls its API; leave the flag out',
  'cluster-mode': 'Sluice has no plugin mode: the agent calls its API; leave the flag out',
  netmode: 'each network says itself whether it is a vlan or a vxlan; leave the flag out',
  'network-mode': 'each network says itself whether it is a vlan or a vxlan; leave the flag out',
  'etcd-endpoints': 'Sluice keeps its own state in --state-dir; leave the flag out',
  etcd: 'Sluice keeps its own state in --state-dir; leave the flag out',
  'consul-endpoints': 'Sluice keeps its own state in --state-dir; leave the flag out',
  consul: 'Sluice keeps its own state in --state-dir; leave the flag out',
  'cluster-store': 'Sluice keeps its own state in --state-dir; leave the flag out',
  'json-log': 'the log is always JSON; leave the flag out',
  'use-json-log': 'the log is always JSON; leave the flag out',
};
