/**
 * What a change of settings would meet on this host, before it is accepted: NICs, the VTEP address, and moves of addresses.
 * Neighbours: controller.ts refuses by it and tells its notes; src/host judges single things.
 * Invariant: asks only about what the change names anew, so that a setting in force is never in the way of another; and says
 * nothing where it cannot know (a vswitchd in another network namespace).
 */
import { connections } from '../../host/connections.js';
import { hostAddresses, readHost, wayTo } from '../../host/network.js';
import type { HostNetwork } from '../../host/network.js';
import { carriedBy, remarks, unfit } from '../../host/uplink-check.js';
import { vtepProblem, vtepRemarks, holderOf } from '../../host/vtep-check.js';
import type { Problem } from '../../model/errors.js';
import { formatAddress, type Settings, type State } from '../../model/index.js';
import { pings } from '../../watchdog/ways.js';
import type { SettingsPlan } from '../face.js';
import { sharesNetwork } from '../host-interfaces.js';
import { linesOf, planMove, uplinksOf } from './moves.js';

export interface HostQuestion {
  readonly before: Settings;
  readonly after: State;
  readonly rundir: string;
  /** Whether there is a place for journals. */
  readonly canMove: boolean;
  /** Devices that are ports of type internal in this switch; undefined when the switch was not asked yet. */
  readonly internal: ReadonlySet<string> | undefined;
  /** JSON pointer of the settings object. */
  readonly at: string;
  /** Also what is in force already: at the start. */
  readonly all?: boolean;
}

const nothing: SettingsPlan = { problems: [], lines: [], notes: [] };
const askedPeers = 16;

export async function judgeHost(question: HostQuestion): Promise<SettingsPlan> {
  const { after, rundir } = question;
  if (after.settings.datapathType === 'dummy' || !sharesNetwork(rundir)) return nothing;
  const host = await readHost();
  const uplinks = await judgeUplinks(question, host);
  const vtep = await judgeVtep(question, host);
  return {
    problems: [...uplinks.problems, ...vtep.problems],
    lines: uplinks.lines,
    notes: [...uplinks.notes, ...vtep.notes],
  };
}

async function judgeUplinks(
  { before, after, canMove, at, all = false }: HostQuestion,
  host: HostNetwork,
): Promise<SettingsPlan> {
  const { settings } = after;
  const known = new Set(all ? [] : uplinksOf(before).map(({ nic }) => nic));
  const problems: Problem[] = [];
  const lines: string[] = [];
  const notes: string[] = [];
  for (const { nic, bridge, pointer } of uplinksOf(settings)) {
    const link = host.links.find(({ name }) => name === nic);
    if (known.has(nic) || link === undefined) continue;
    const refuse = (code: string, message: string): void =>
      void problems.push({ pointer: `${at}/${pointer}`, code, message });
    const reason = unfit(link);
    if (reason !== undefined) refuse('unfit_interface', reason);
    notes.push(...remarks(link));
    const carried = carriedBy(link, host, connections());
    if (carried === undefined) continue;
    if (!settings.adoptHostIp) {
      const way = `--adopt-host-ip moves that to ${bridge}, and back if it goes wrong; --dry-run shows how`;
      refuse('host_address', `${carried}: as an uplink it would cut the host off there (${way})`);
      continue;
    }
    if (!canMove) refuse('host_address', `${carried}, and there is no state directory to keep a journal in`);
    const planned = await planMove(nic, bridge, link, host, settings);
    for (const message of planned.problems) refuse('host_address', message);
    lines.push(...linesOf(planned.move));
    notes.push(...planned.remarks);
  }
  const { checkAddress } = settings;
  const check = checkAddress === undefined ? undefined : formatAddress(checkAddress);
  // Its silence after the move would prove nothing.
  if (lines.length > 0 && !all && check !== undefined && !(await pings(check))) {
    const message = `${check} does not answer now, before anything has moved; choose an address that does`;
    problems.push({ pointer: `${at}/checkAddress`, code: 'no_answer', message });
  }
  return { problems, lines, notes };
}

async function judgeVtep(
  { before, after, internal, at, all = false }: HostQuestion,
  host: HostNetwork,
): Promise<SettingsPlan> {
  const { settings } = after;
  const { vtepIp, bridge, datapathType, adoptHostIp } = settings;
  if (vtepIp === undefined) return nothing;
  const address = formatAddress(vtepIp);
  if (!all && before.vtepIp !== undefined && formatAddress(before.vtepIp) === address) return nothing;
  // An address that this very change moves to a bridge will be where it must be.
  const moving = adoptHostIp ? uplinksOf(settings).map(({ nic }) => nic) : [];
  // The devices that the userspace datapath makes are taps; before the switch answers that is all there is to know.
  const taps = host.links.filter(({ kind }) => kind === 'tun').map(({ name }) => name);
  const place = { internal: new Set([...(internal ?? taps), ...moving]), bridge, datapathType };
  const problem = vtepProblem(address, host, place);
  const notes = [...vtepRemarks(address, host), ...(await peerRemarks(address, after, host))];
  if (problem === undefined) {
    const link = holderOf(host, address);
    const room = (link?.mtu ?? 0) - (address.includes(':') ? 70 : 50);
    return {
      problems: [],
      lines: [],
      notes: [
        `${address} is on ${link?.name}, MTU ${link?.mtu}: endpoints of VXLAN networks may use ${room}`,
        ...notes,
      ],
    };
  }
  return { problems: [{ pointer: `${at}/vtepIp`, code: 'not_a_vtep', message: problem }], lines: [], notes };
}

/** Whether the kernel would send to each peer as the VTEP address asks; on the kernel datapath it is the one that does. */
async function peerRemarks(address: string, { peers }: State, host: HostNetwork): Promise<string[]> {
  const sixth = address.includes(':');
  const link = holderOf(host, address);
  const asked = [...peers.values()].slice(0, askedPeers);
  const said = await Promise.all(
    asked.map(async ({ key }): Promise<string[]> => {
      if (key.includes(':') !== sixth) return [familyRemark(key, address)];
      const { dev, source } = await wayTo(key);
      if (dev === undefined) return [`there is no route to peer ${key}`];
      if (source === address) return [];
      const own = link !== undefined && hostAddresses(link).some(({ local }) => local === source) ? '' : ` over ${dev}`;
      return [`the kernel's own choice towards peer ${key} is source ${source ?? 'unknown'}${own}, not ${address}`];
    }),
  );
  return said.flat();
}

export function familyRemark(peer: string, vtepIp: string): string {
  const [theirs, ours] = peer.includes(':') ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
  return `peer ${peer} is ${theirs} and the VTEP address ${vtepIp} is ${ours}: nothing can be sent to it`;
}
