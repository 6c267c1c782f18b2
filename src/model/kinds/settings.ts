/**
 * Settings: what is true of the host as a whole. A singleton with the empty key; always there, deleting it restores the defaults.
 * Neighbours: src/datapath builds bridges from it; endpoint.ts and peer.ts compare with its VTEP.
 * Invariant: the normal form states every default, so that an upgrade with other defaults changes no host silently.
 */
import { Type, type Static } from 'typebox';
import { compareAddress, formatAddress, formatCidr, type Address } from '../addr.js';
import { checkHostAccess, readHostAccess, type HostAccess } from '../host-access.js';
import { defined, dropEmpty, type KindRules } from './kind.js';
import { interfaceName, readHost, text } from './fields.js';

const bondModes = ['balance-tcp', 'balance-slb', 'active-backup'] as const;

export const settingsSchema = Type.Object(
  {
    kind: Type.Literal('settings'),
    vtepIp: Type.Optional(
      text('IPv4 or IPv6 address of this host on the underlay; VXLAN networks need it.', '172.31.0.1', 'fd00::1'),
    ),
    vlanInterfaces: Type.Optional(
      Type.Array(interfaceName('A NIC that carries VLAN networks out of the host.', 'eth1'), {
        description: 'The uplink of VLAN networks: one NIC, or several that become a bond. Their order means nothing.',
        uniqueItems: true,
      }),
    ),
    underlayInterfaces: Type.Optional(
      Type.Array(interfaceName('A NIC that carries VXLAN.', 'eth2'), {
        description:
          'NICs that Sluice takes over to carry the VTEP address; empty when the host routes to its peers itself.',
        uniqueItems: true,
      }),
    ),
    adoptHostIp: Type.Optional(
      Type.Boolean({
        description:
          "Whether an uplink may be a NIC that carries addresses of the host: they move to the uplink bridge's own port, and back unless the check address answers or somebody confirms in time.",
        default: false,
      }),
    ),
    checkAddress: Type.Optional(
      text('IPv4 or IPv6 address that must answer a ping before moved host addresses stay where they are.', '10.0.0.1'),
    ),
    confirmWithin: Type.Optional(
      Type.Integer({
        description: 'Seconds until moved host addresses go back unconfirmed.',
        minimum: 1,
        maximum: 3_600,
        default: 30,
      }),
    ),
    bond: Type.Optional(
      Type.Object(
        {
          mode: Type.Optional(
            Type.Enum([...bondModes], {
              description:
                'balance-tcp spreads connections (needs LACP), balance-slb MACs; active-backup uses one NIC.',
              default: 'balance-tcp',
            }),
          ),
          lacp: Type.Optional(
            Type.Enum(['active', 'passive', 'off'], {
              description: 'Who begins LACP. A partner that does not speak it is served as by active-backup.',
              default: 'active',
            }),
          ),
        },
        { description: 'How several uplink NICs share the load; without effect on one.', additionalProperties: false },
      ),
    ),
    vxlanPort: Type.Optional(
      Type.Integer({ description: 'UDP port of VXLAN.', minimum: 1, maximum: 65_535, default: 4789 }),
    ),
    bridge: Type.Optional(interfaceName('Name of the integration bridge; default br-sluice.', 'br-sluice')),
    uplinkBridge: Type.Optional(interfaceName('Name of the uplink bridge; default br-sluice-up.', 'br-sluice-up')),
    datapathType: Type.Optional(
      Type.Enum(['system', 'netdev', 'dummy'], {
        description: 'Packet engine: the kernel module, userspace, or none that moves packets (tests).',
        default: 'system',
      }),
    ),
    forwardingMode: Type.Optional(
      Type.Enum(['bridge', 'routing'], {
        description:
          'What networks do that do not say it themselves. routing: their gateways are answered on every host, and packets between networks of a tenant are routed. bridge: the gateway is outside.',
        default: 'bridge',
      }),
    ),
    arpMode: Type.Optional(
      Type.Enum(['proxy', 'flood'], {
        description: 'proxy answers ARP and neighbour discovery for known endpoints; flood leaves it to the network.',
        default: 'proxy',
      }),
    ),
    policyMode: Type.Optional(
      Type.Enum(['joint', 'both-sides'], {
        description:
          'joint: in-rules and out-rules are one list. both-sides: each list is judged, and both must allow.',
        default: 'joint',
      }),
    ),
    onPolicyChange: Type.Optional(
      Type.Enum(['reevaluate', 'keep', 'cut'], {
        description:
          'What a change does to live connections: reevaluate judges them anew, keep lets those live on that were allowed, cut also makes the switch forget those that are denied now, and keeps their ends from opening them anew.',
        default: 'reevaluate',
      }),
    ),
    midstream: Type.Optional(
      Type.Enum(['adopt', 'drop'], {
        description: 'TCP that conntrack has not seen begin: adopt judges it as it stands, drop drops it.',
        default: 'adopt',
      }),
    ),
    logDenied: Type.Optional(
      Type.Boolean({
        description:
          'Log some of the packets that policy denies, with who denied them and how many were not logged. Every drop is counted either way.',
        default: false,
      }),
    ),
    tunnelDscp: Type.Optional(
      Type.Enum(['none', 'copy'], {
        description: "The DSCP of VXLAN's outer header: none is 0, copy takes over that of the packet inside.",
        default: 'none',
      }),
    ),
    hostAccess: Type.Optional(
      Type.Object(
        {
          port: Type.Optional(interfaceName('Name of the host’s port; default contivh0.', 'contivh0')),
          subnet: Type.Optional(text('IPv4 prefix of 16 bits; default 172.19.0.0/16.', '172.19.0.0/16')),
        },
        {
          description:
            'The host reaches local endpoints of VXLAN networks at addresses of a subnet of its own (shown in their status), and routed ones reach the outside through the host.',
          additionalProperties: false,
        },
      ),
    ),
  },
  { $id: 'Settings', description: 'What is true of the host as a whole. One object.', additionalProperties: false },
);

export type SettingsSpec = Static<typeof settingsSchema>;

/** How the NICs of an uplink share its load, when there are several. */
export interface BondSettings {
  readonly mode: (typeof bondModes)[number];
  readonly lacp: 'active' | 'passive' | 'off';
}

export interface Settings {
  readonly kind: 'settings';
  readonly key: '';
  readonly id: number;
  readonly spec: SettingsSpec;
  readonly vtepIp?: Address;
  readonly vlanInterfaces: readonly string[];
  readonly underlayInterfaces: readonly string[];
  readonly adoptHostIp: boolean;
  readonly checkAddress?: Address;
  readonly confirmWithin: number;
  readonly bond: BondSettings;
  readonly vxlanPort: number;
  readonly bridge: string;
  readonly uplinkBridge: string;
  readonly datapathType: 'system' | 'netdev' | 'dummy';
  readonly forwardingMode: 'bridge' | 'routing';
  readonly arpMode: 'proxy' | 'flood';
  readonly policyMode: 'joint' | 'both-sides';
  readonly onPolicyChange: 'reevaluate' | 'keep' | 'cut';
  readonly midstream: 'adopt' | 'drop';
  readonly tunnelDscp: 'none' | 'copy';
  readonly hostAccess?: HostAccess;
  readonly logDenied: boolean;
}

export const settingsRules: KindRules<'settings'> = {
  kind: 'settings',
  schema: settingsSchema,
  identity: [],
  aliases: { vtepIP: 'vtepIp', fwdMode: 'forwardingMode', vlanIntf: 'vlanInterfaces', vlanIf: 'vlanInterfaces' },
  bookkeeping: new Set(['name', 'vlans', 'vxlans']),
  rewrite(fields) {
    if (fields['networkInfraType'] === 'default') delete fields['networkInfraType'];
    dropEmpty(fields, 'networkInfraType', 'vtepIp', 'checkAddress', 'forwardingMode', 'arpMode', 'pvtSubnet');
    // Contiv's name of the subnet; its port has a fixed one.
    if (!('pvtSubnet' in fields) || 'hostAccess' in fields) return;
    fields['hostAccess'] = { subnet: fields['pvtSubnet'] };
    delete fields['pvtSubnet'];
  },
  read(input: SettingsSpec, say) {
    const vtepIp = input.vtepIp === undefined ? undefined : readHost(say, 'vtepIp', input.vtepIp);
    const checkAddress =
      input.checkAddress === undefined ? undefined : readHost(say, 'checkAddress', input.checkAddress);
    const vlanInterfaces = input.vlanInterfaces ?? [];
    const underlayInterfaces = input.underlayInterfaces ?? [];
    for (const nic of underlayInterfaces.filter((n) => vlanInterfaces.includes(n))) {
      say('underlayInterfaces', 'contradiction', `\`${nic}\` cannot be the VLAN uplink and the underlay at once`);
    }
    const bond = { mode: input.bond?.mode ?? 'balance-tcp', lacp: input.bond?.lacp ?? 'active' } as const;
    if (bond.mode === 'balance-tcp' && bond.lacp === 'off') {
      // The switch gives such a bond no active member at all: every frame would be lost.
      say('bond/lacp', 'contradiction', 'balance-tcp needs LACP', 'use active-backup or balance-slb without it');
    }
    const rest = {
      adoptHostIp: input.adoptHostIp ?? false,
      confirmWithin: input.confirmWithin ?? 30,
      bond,
      vxlanPort: input.vxlanPort ?? 4789,
      bridge: input.bridge ?? 'br-sluice',
      uplinkBridge: input.uplinkBridge ?? 'br-sluice-up',
      datapathType: input.datapathType ?? 'system',
      forwardingMode: input.forwardingMode ?? 'bridge',
      arpMode: input.arpMode ?? 'proxy',
      policyMode: input.policyMode ?? 'joint',
      onPolicyChange: input.onPolicyChange ?? 'reevaluate',
      midstream: input.midstream ?? 'adopt',
      tunnelDscp: input.tunnelDscp ?? 'none',
      logDenied: input.logDenied ?? false,
    } as const;
    const hostAccess = input.hostAccess === undefined ? undefined : readHostAccess(input.hostAccess, say);
    if (rest.bridge === rest.uplinkBridge) {
      say('uplinkBridge', 'contradiction', `bridge and uplinkBridge are both \`${rest.bridge}\``);
    }
    const spec = defined<SettingsSpec>({
      kind: 'settings',
      vtepIp: vtepIp === undefined ? undefined : formatAddress(vtepIp),
      vlanInterfaces: vlanInterfaces.length > 0 ? vlanInterfaces : undefined,
      underlayInterfaces: underlayInterfaces.length > 0 ? underlayInterfaces : undefined,
      checkAddress: checkAddress === undefined ? undefined : formatAddress(checkAddress),
      ...rest,
      hostAccess: hostAccess && { port: hostAccess.port, subnet: formatCidr(hostAccess.subnet) },
    });
    const base = { kind: 'settings', key: '', id: 0, spec, vlanInterfaces, underlayInterfaces, ...rest } as const;
    return {
      ...base,
      ...(vtepIp === undefined ? {} : { vtepIp }),
      ...(checkAddress === undefined ? {} : { checkAddress }),
      ...(hostAccess === undefined ? {} : { hostAccess }),
    };
  },
  references: () => [],
  check(settings, state, say) {
    checkHostAccess(settings, state.networks, () => (_field, code, message) => say('hostAccess/subnet', code, message));
    if (settings.vtepIp === undefined) return;
    for (const peer of state.peers) {
      if (compareAddress(peer.address, settings.vtepIp) === 0) {
        say('vtepIp', 'contradiction', `\`${peer.key}\` is a peer, so it cannot be this host's own VTEP`);
      }
    }
  },
};
