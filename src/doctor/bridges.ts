/** What Sluice pins on its bridges, and who else gives them orders; and what Contiv left behind. */
import { bridgesOf, type Bridge, type Facts } from './facts.js';
import type { Finding } from './finding.js';

export function bridgeFindings(facts: Facts): Finding[] {
  const { bridge: integration } = facts.wishes;
  const ours = bridgesOf(facts).filter(({ name, role }) => role === 'bridge' || name === integration);
  return ours.flatMap((bridge) => ofBridge(facts, bridge, bridge.name === integration));
}

function ofBridge({ vsctl }: Facts, bridge: Bridge, isIntegration: boolean): Finding[] {
  const { name, otherConfig, datapathId } = bridge;
  const findings: Finding[] = [];
  const add = (
    code: string,
    severity: 'warning' | 'error',
    what: string,
    consequence: string,
    command?: string,
  ): void => {
    findings.push({ code, severity, area: 'bridge', what, consequence, ...(command === undefined ? {} : { command }) });
  };
  const changes =
    'It follows the lowest MAC of the ports: when such a port comes or goes, every connection to the bridge is lost.';
  if (datapathId !== undefined && otherConfig['datapath-id'] === undefined) {
    const command = `${vsctl} set bridge ${name} other-config:datapath-id=${datapathId}`;
    add('datapath-id-unpinned', 'warning', `The datapath id of ${name} is not pinned.`, changes, command);
  }
  if (datapathId !== undefined && otherConfig['hwaddr'] === undefined) {
    const mac = datapathId.slice(-12).replaceAll(/(..)(?!$)/g, '$1:');
    const command = `${vsctl} set bridge ${name} other-config:hwaddr=${mac}`;
    add('hwaddr-unpinned', 'warning', `The MAC address of ${name} is not pinned.`, changes, command);
  }
  if (isIntegration && bridge.failMode !== 'secure') {
    const consequence = 'While no controller is connected the bridge forwards as it likes: past every policy.';
    const command = `${vsctl} set-fail-mode ${name} secure`;
    add(
      'fail-mode',
      'error',
      `The fail mode of ${name} is ${bridge.failMode ?? 'standalone'}, not secure.`,
      consequence,
      command,
    );
  }
  if (isIntegration && !bridge.protocols.includes('OpenFlow15')) {
    const consequence = 'Sluice cannot speak to the bridge.';
    const command = `${vsctl} add bridge ${name} protocols OpenFlow15`;
    add('no-openflow15', 'error', `OpenFlow 1.5 is not allowed on ${name}.`, consequence, command);
  }
  if (bridge.controllers.length > 0) {
    const consequence = 'It changes flows behind our back; its coming and going may delete all of them.';
    const what = `${name} has a controller: ${bridge.controllers.join(', ')}.`;
    add('foreign-controller', 'error', what, consequence, `${vsctl} del-controller ${name}`);
  }
  for (const port of bridge.ports) {
    for (const { name: iface, error } of port.interfaces) {
      if (error === undefined) continue;
      const consequence = 'What is behind it has no network.';
      add(
        'port-broken',
        'error',
        `${iface} on ${name}: ${error}.`,
        consequence,
        `${vsctl} del-port ${name} ${port.name}`,
      );
    }
  }
  if (findings.length > 0) return findings;
  const what = `${name} is as Sluice keeps it.`;
  return [{ code: 'bridge-well', severity: 'ok', area: 'bridge', what }];
}

const contivBridges = new Set(['contivVlanBridge', 'contivVxlanBridge']);
const contivPort = /^(contivh[01]|vxif[0-9].*|vvport[0-9]+)$/;

export function leftoverFindings(facts: Facts): Finding[] {
  const { vsctl } = facts;
  return bridgesOf(facts).flatMap(({ name, ports }): Finding[] => {
    if (contivBridges.has(name)) {
      const what = `${name} with ${ports.length} ports is left of Contiv.`;
      const consequence = 'Its uplinks and tunnels still forward; frames may take both ways, or go round.';
      return [
        {
          code: 'contiv-bridge',
          severity: 'warning',
          area: 'leftover',
          what,
          consequence,
          command: `${vsctl} del-br ${name}`,
        },
      ];
    }
    return ports
      .filter((port) => port.role === undefined && contivPort.test(port.name))
      .map((port) => ({
        code: 'contiv-port',
        severity: 'warning',
        area: 'leftover',
        what: `${port.name} on ${name} is left of Contiv.`,
        consequence: 'It keeps its name and, as a tunnel, its UDP port from others.',
        command: `${vsctl} del-port ${name} ${port.name}`,
      }));
  });
}
