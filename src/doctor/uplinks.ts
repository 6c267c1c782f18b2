/** The NICs of the VLAN uplink: there, up, not somebody else's, and not the host's own way out. */
import { bridgesOf, placeOf, seenText, type Facts } from './facts.js';
import type { Finding } from './finding.js';

const area = 'uplink';

export function uplinkFindings(facts: Facts): Finding[] {
  const { uplinks } = facts.wishes;
  if (uplinks.length > 0) {
    return [...uplinks.flatMap((name) => nicFindings(facts, name)), ...bridgeFindings(facts), ...vlanFindings(facts)];
  }
  return [{ code: 'uplink-unset', severity: 'note', area, what: 'No uplink is set: VLAN networks stay on this host.' }];
}

function nicFindings(facts: Facts, name: string): Finding[] {
  const link = facts.links.find((each) => each.name === name);
  const others = facts.wishes.uplinks.filter((each) => each !== name);
  const without = `sluice set vlan-if ${others.join(',') || 'none'}`;
  if (link === undefined) {
    // The dummy datapath makes its devices itself.
    if (facts.wishes.datapathType === 'dummy') return [];
    const what = `The uplink ${name} is not on this host.`;
    const consequence = 'VLAN networks have no way out over it.';
    return [{ code: 'uplink-missing', severity: 'error', area, what, consequence, command: without }];
  }
  const findings: Finding[] = [];
  const place = placeOf(facts, name);
  if (place !== undefined && place.bridge.name !== facts.wishes.uplinkBridge) {
    findings.push({
      code: 'uplink-in-other-bridge',
      severity: 'error',
      area,
      what: `The uplink ${name} is in bridge ${place.bridge.name}, not in ${facts.wishes.uplinkBridge}.`,
      consequence: "Sluice does not take what is somebody else's: VLAN networks have no way out over it.",
      command: `${facts.vsctl} del-port ${place.bridge.name} ${place.port.name}`,
    });
  }
  if (link.master !== undefined && link.master !== 'ovs-system') {
    findings.push({
      code: 'uplink-enslaved',
      severity: 'error',
      area,
      what: `The uplink ${name} belongs to ${link.master}, a bridge or bond of the kernel.`,
      consequence: 'Its frames go there, not to the switch.',
      command: `ip link set dev ${name} nomaster`,
    });
  }
  if (link.addresses.length > 0) {
    const addresses = link.addresses.map(({ address }) => address).join(', ');
    findings.push({
      code: 'uplink-has-address',
      severity: 'error',
      area,
      what: `The uplink ${name} carries ${link.defaultRoute ? "the host's default route and " : ''}${addresses}.`,
      consequence: 'The switch takes its frames before the host sees them: the host is cut off from there.',
      command: link.defaultRoute ? without : `ip address flush dev ${name} scope global`,
    });
  }
  if (!link.up) {
    const consequence = 'No frame leaves or arrives.';
    const command = `ip link set dev ${name} up`;
    findings.push({
      code: 'uplink-down',
      severity: 'error',
      area,
      what: `The uplink ${name} is down.`,
      consequence,
      command,
    });
  } else if (!link.carrier) {
    const consequence = 'No frame leaves or arrives; look at the cable and the port of the fabric.';
    findings.push({
      code: 'uplink-no-carrier',
      severity: 'warning',
      area,
      what: `The uplink ${name} has no carrier.`,
      consequence,
    });
  }
  findings.push(...lacpFindings(facts, name));
  if (findings.length > 0) return findings;
  const speed = link.speed === undefined ? '' : `, ${link.speed} Mbit/s`;
  const partner = facts.lacp.has(name) ? ', its LACP partner is heard' : '';
  return [
    { code: 'uplink-well', severity: 'ok', area, what: `Uplink ${name} is up, MTU ${link.mtu}${speed}${partner}.` },
  ];
}

/** A partner that nobody hears knows no LACP; one that some members hear has lost a cable or a setting. */
function lacpFindings({ lacp, wishes }: Facts, name: string): Finding[] {
  const state = lacp.get(name);
  if (state === undefined || state === 'current') return [];
  const isAlone = !wishes.uplinks.some((each) => lacp.get(each) === 'current');
  const what = `The LACP partner of ${name} is silent (${state}).`;
  if (!isAlone) {
    const consequence =
      'No frame goes this way; look at the cable, and whether the port of the fabric is in the same bond.';
    return [{ code: 'lacp-silent', severity: 'warning', area, what, consequence }];
  }
  return [
    {
      code: 'lacp-no-partner',
      severity: 'warning',
      area,
      what,
      consequence: 'One member at a time is used. If the fabric has no bond here, say so, and no time is lost on LACP.',
      command: 'sluice set --bond-mode active-backup --lacp off',
    },
  ];
}

/** What somebody set on the uplink bridge or its ports that keeps tagged frames out. */
function bridgeFindings({ vsctl, ...facts }: Facts): Finding[] {
  const bridge = bridgesOf({ vsctl, ...facts }).find(({ name }) => name === facts.wishes.uplinkBridge);
  if (bridge === undefined) return [];
  const findings = bridge.ports
    .filter(
      ({ role, tag, trunks }) => ['uplink', 'patch'].includes(role ?? '') && (tag !== undefined || trunks.length > 0),
    )
    .map(({ name, tag, trunks }): Finding => ({
      code: 'uplink-vlans-limited',
      severity: 'error',
      area,
      what: `${name} on ${bridge.name} passes only ${tag === undefined ? `the VLANs ${trunks.join(', ')}` : `VLAN ${tag}, untagged`}.`,
      consequence: 'Frames of other VLAN networks are dropped there.',
      command: `${vsctl} clear port ${name} tag trunks vlan_mode`,
    }));
  if (bridge.failMode !== 'secure') return findings;
  const what = `The fail mode of ${bridge.name} is secure.`;
  const consequence = 'It has no flows, so it forwards nothing: VLAN networks have no way out.';
  const command = `${vsctl} set-fail-mode ${bridge.name} standalone`;
  return [...findings, { code: 'uplink-fail-mode', severity: 'error', area, what, consequence, command }];
}

function vlanFindings({ vlansSeen }: Facts): Finding[] {
  return vlansSeen.map((seen): Finding => {
    const what = `VLAN ${seen.from} by the uplink: ${seenText(seen)}.`;
    if (seen.secondsAgo !== undefined) return { code: 'vlan-seen', severity: 'ok', area, what };
    const consequence = 'Others may not have spoken yet, or the port of the fabric does not carry this VLAN.';
    return { code: 'vlan-never-seen', severity: 'note', area, what, consequence };
  });
}
