/** The VTEP address: on this host, on an interface that is up, with room for the outer headers, and the way to each peer. */
import { bridgesOf, placeOf, seenText, type Facts, type Link, type Route } from './facts.js';
import type { Finding } from './finding.js';

const area = 'vtep';

function holder(links: readonly Link[], address: string): Link | undefined {
  return links.find(({ addresses }) => addresses.some((each) => each.address === address));
}

/** The address the host itself would choose: of the default route's interface, else of any that is not Sluice's or Docker's. */
function candidate({ links, routes }: Facts, sixth: boolean): string | undefined {
  const real = links.filter(({ name }) => !/^(lo|docker|veth|br-sluice|contivh|virbr|ovs-)/.test(name));
  const first = routes.find(({ source }) => source !== undefined)?.source;
  const best = [...real.filter(({ defaultRoute }) => defaultRoute), ...real];
  const found = best.flatMap(({ addresses }) => addresses).find(({ address }) => address.includes(':') === sixth);
  return first ?? found?.address;
}

export function vtepFindings(facts: Facts): Finding[] {
  const { links, wishes } = facts;
  const { vtepIp } = wishes;
  if (vtepIp === undefined) {
    return [
      { code: 'vtep-unset', severity: 'note', area, what: 'No VTEP address is set: VXLAN networks stay on this host.' },
    ];
  }
  const link = holder(links, vtepIp);
  if (link === undefined) {
    const other = candidate(facts, vtepIp.includes(':'));
    const what = `The VTEP address ${vtepIp} is on no interface of this host.`;
    const consequence = 'Peers send their VXLAN packets to a host that does not answer for it.';
    const command = other === undefined ? {} : { command: `sluice set vtep-ip ${other}` };
    return [{ code: 'vtep-not-here', severity: 'error', area, what, consequence, ...command }];
  }
  return [
    ...interfaceFindings(facts, vtepIp, link),
    ...netdevFindings(facts, vtepIp, link),
    ...routeFindings(facts, vtepIp, link),
  ];
}

function interfaceFindings(facts: Facts, vtepIp: string, link: Link): Finding[] {
  if (!link.up) {
    const what = `The VTEP address ${vtepIp} is on ${link.name}, which is down.`;
    const consequence = 'No VXLAN packet leaves or arrives.';
    return [
      { code: 'vtep-down', severity: 'error', area, what, consequence, command: `ip link set dev ${link.name} up` },
    ];
  }
  const budget = link.mtu - (vtepIp.includes(':') ? 70 : 50);
  const what = `VTEP ${vtepIp} is on ${link.name}, MTU ${link.mtu}: endpoints of VXLAN networks may use ${budget}.`;
  const findings: Finding[] = [{ code: 'vtep-here', severity: 'ok', area, what }];
  // Endpoints of VLAN networks need no room; with an uplink it is not told here which is which.
  if (facts.wishes.uplinks.length > 0) return findings;
  const endpoints = bridgesOf(facts).flatMap(({ ports }) => ports.filter(({ role }) => role === 'endpoint'));
  for (const { name } of endpoints) {
    const mtu = linkOf(facts, name)?.mtu;
    if (mtu === undefined || mtu <= budget) continue;
    findings.push({
      code: 'mtu-too-big',
      severity: 'warning',
      area,
      what: `${name} has MTU ${mtu}, and ${link.name} leaves room for ${budget}.`,
      consequence: 'Big packets to other hosts are lost or fragmented; small ones pass, so that pings look well.',
      command: `ip link set dev ${name} mtu ${budget}`,
    });
  }
  return findings;
}

function linkOf(facts: Facts, name: string): Link | undefined {
  return facts.links.find((link) => link.name === name);
}

/** The userspace datapath routes tunnels by itself, over its own bridges only. */
function netdevFindings(facts: Facts, vtepIp: string, link: Link): Finding[] {
  if (facts.wishes.datapathType !== 'netdev' || placeOf(facts, link.name)?.iface.type === 'internal') return [];
  // A bridge's local port may have no type in the database.
  if (bridgesOf(facts).some(({ name }) => name === link.name)) return [];
  const length = link.addresses.find(({ address }) => address === vtepIp)?.length ?? 32;
  const bridge = 'br-underlay';
  return [
    {
      code: 'vtep-outside-switch',
      severity: 'error',
      area,
      what: `The datapath is netdev, and the VTEP address ${vtepIp} is on ${link.name}: on the netdev datapath it must be on an internal port of a bridge of the same Open vSwitch.`,
      consequence:
        'Every VXLAN packet is lost: "native tunnel routing failed". The command moves the address and its NIC to a bridge.',
      command: [
        `${facts.vsctl} --may-exist add-br ${bridge} -- set bridge ${bridge} datapath_type=netdev -- --may-exist add-port ${bridge} ${link.name}`,
        `ip address del ${vtepIp}/${length} dev ${link.name}`,
        `ip address add ${vtepIp}/${length} dev ${bridge}`,
        `ip link set dev ${bridge} up`,
      ].join(' && '),
    },
  ];
}

function routeFindings(facts: Facts, vtepIp: string, link: Link): Finding[] {
  return facts.routes.flatMap((route): Finding[] => {
    const { peer, dev, source } = route;
    if (dev === undefined) {
      const what = `There is no route to peer ${peer}.`;
      const consequence = 'Nothing reaches the endpoints behind it.';
      const command = `ip route add ${peer} dev ${link.name} src ${vtepIp}`;
      return [{ code: 'peer-unroutable', severity: 'error', area, what, consequence, command }];
    }
    if (source === vtepIp && dev === link.name) return [heardFrom(facts, route)];
    const what = `The way to peer ${peer} is ${dev} with source ${source ?? 'unknown'}, not ${link.name} with ${vtepIp}.`;
    const consequence =
      'VXLAN packets leave by another interface than their source address is on; filters on the way may drop them.';
    const command = `ip route replace ${peer} dev ${link.name} src ${vtepIp}`;
    return [{ code: 'peer-other-way', severity: 'warning', area, what, consequence, command }];
  });
}

function heardFrom({ peersSeen }: Facts, { peer, dev, answers }: Route): Finding {
  const seen = peersSeen.find(({ from }) => from === peer) ?? { from: peer, packets: 0, secondsAgo: undefined };
  const ping = { true: ', answers ping', false: ', answers no ping', undefined: '' }[`${answers}`];
  const what = `Peer ${peer} is reached by ${dev}${ping}: ${seenText(seen)}.`;
  if (seen.secondsAgo !== undefined) return { code: 'peer-heard', severity: 'ok', area, what };
  if (answers === false) {
    const consequence =
      'It is down, the address is not its own, or something between drops its packets: nothing reaches the endpoints behind it.';
    return { code: 'peer-silent', severity: 'warning', area, what, consequence };
  }
  const consequence = 'Its endpoints may not have spoken yet, or it does not know this host.';
  return { code: 'peer-never-heard', severity: 'note', area, what, consequence };
}
