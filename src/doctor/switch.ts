/** Open vSwitch itself: its two programs, its versions, what its datapath can be. */
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';

const area = 'switch';

export function switchFindings({ database, vswitchd, wishes, vsctl }: Facts): Finding[] {
  const start = 'systemctl start openvswitch-switch';
  if ('unreachable' in database) {
    const what = `Open vSwitch's database does not answer: ${database.unreachable}.`;
    const consequence = 'Nothing can be checked or changed on the switch; packets go on as long as ovs-vswitchd runs.';
    return [{ code: 'database-down', severity: 'error', area, what, consequence, command: start }];
  }
  const findings: Finding[] = [];
  if ('unreachable' in vswitchd) {
    const what = `ovs-vswitchd does not answer: ${vswitchd.unreachable}.`;
    const consequence = 'No packet that is new to the datapath is forwarded.';
    findings.push({ code: 'vswitchd-down', severity: 'error', area, what, consequence, command: start });
  } else {
    const { version = vswitchd.version, schema = 'unknown', datapathTypes } = database;
    const what = `Open vSwitch ${version} runs, schema ${schema}, datapaths ${datapathTypes.toSorted().join(', ')}.`;
    findings.push({ code: 'switch-runs', severity: 'ok', area, what });
  }
  const { datapathType } = wishes;
  if (datapathType !== 'dummy' && !database.datapathTypes.includes(datapathType)) {
    findings.push({
      code: 'datapath-type-unknown',
      severity: 'error',
      area,
      what: `This Open vSwitch has no ${datapathType} datapath.`,
      consequence: 'The bridges cannot be made; no packet is forwarded.',
      ...(datapathType === 'system' ? { command: 'modprobe openvswitch' } : {}),
    });
  }
  if (database.otherConfig['flow-restore-wait'] === 'true') {
    findings.push({
      code: 'flow-restore-wait',
      severity: 'error',
      area,
      what: 'flow-restore-wait is left on.',
      consequence: 'vswitchd forwards nothing new on any bridge until it is taken away.',
      command: `${vsctl} remove open_vswitch . other_config flow-restore-wait`,
    });
  }
  return findings;
}
