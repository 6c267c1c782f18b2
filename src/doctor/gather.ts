/**
 * Gathers the facts: whatever does not answer becomes a fact of its own.
 * Neighbours: database.ts, network.ts; src/cli/doctor.ts hands in what the daemon or the configuration says.
 */
import { existsSync } from 'node:fs';
import { unixctl } from '../native/index.js';
import { run } from '../sandbox/exec.js';
import { readDatabase } from './database.js';
import { bridgePid, type Database, type Facts, type LacpState, type Seen, type Wishes } from './facts.js';
import { HostNetwork } from './network.js';

export interface DoctorInput {
  /** OVSDB remote. */
  readonly database: string;
  readonly rundir: string;
  /** Whether this is where ovs-vsctl looks by itself. */
  readonly usualPlace: boolean;
  /** What the daemon or the configuration asks for; what nobody says is taken from the switch. */
  readonly wishes: Partial<Wishes> & Pick<Wishes, 'bridge' | 'uplinkBridge'>;
  readonly daemon: Facts['daemon'];
  /** The switch's network namespace, when it is not ours. */
  readonly netns?: string;
}

async function orWhy<T>(work: Promise<T>): Promise<T | { unreachable: string }> {
  try {
    return await work;
  } catch (error) {
    return { unreachable: error instanceof Error ? error.message : String(error) };
  }
}

/** What the last daemon told the switch: outer source and destinations stand in flows of its own and of its peers. */
async function fromFlows(rundir: string, bridge: string): Promise<{ vtepIp?: string; peers: string[] }> {
  const ofKind = async (kind: number): Promise<string> => {
    const cookie = `cookie=0x${kind.toString(16).padStart(2, '0')}${'0'.repeat(14)}/0xff${'0'.repeat(14)}`;
    const args = ['-O', 'OpenFlow15', '--timeout=5', 'dump-flows', `unix:${rundir}/${bridge}.mgmt`, cookie];
    return run('ovs-ofctl', args).catch(() => '');
  };
  const vtepIp = /set_field:([0-9a-f.:]+)->tun_(?:ipv6_)?src/.exec(await ofKind(1))?.[1];
  const peers = [...(await ofKind(8)).matchAll(/set_field:([0-9a-f.:]+)->tun_(?:ipv6_)?dst/g)].map(([, ip = '']) => ip);
  return { peers: [...new Set(peers)], ...(vtepIp === undefined ? {} : { vtepIp }) };
}

function uplinksOf(database: Facts['database'], bridge: string): string[] {
  if (!('bridges' in database)) return [];
  const ports = database.bridges.find(({ name }) => name === bridge)?.ports ?? [];
  return ports.filter(({ role }) => role === 'uplink').flatMap(({ interfaces }) => interfaces.map(({ name }) => name));
}

function typeOf(database: Facts['database'], bridge: string): string | undefined {
  return (database as Partial<Database>).bridges?.find(({ name }) => name === bridge)?.datapathType;
}

/** Flows of one table with their counters: `match` finds whom a flow is about. */
async function seenBy(rundir: string, bridge: string, table: string, match: RegExp): Promise<Seen[]> {
  const args = ['-O', 'OpenFlow15', '--timeout=5', '--names', 'dump-flows', `unix:${rundir}/${bridge}.mgmt`];
  const text = await run('ovs-ofctl', [...args, `table=${table}`]).catch(() => '');
  return text.split('\n').flatMap((line): Seen[] => {
    const from = match.exec(line)?.[1];
    if (from === undefined) return [];
    const number = (name: string): number => Number(new RegExp(`\\b${name}=(\\d+)`).exec(line)?.[1] ?? 0);
    const packets = number('n_packets');
    return [{ from, packets, secondsAgo: packets === 0 ? undefined : number('idle_age') }];
  });
}

function lacpStates(shown: string): Map<string, LacpState> {
  const lines = shown.matchAll(/^(?:member|slave): (.+?): (current|expired|defaulted)\b/gm);
  return new Map([...lines].map(([, name = '', state]) => [name, state as LacpState]));
}

function featuresOf(shown: string): Map<string, string> {
  return new Map([...shown.matchAll(/^(.+?): (.+)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

/** Daemons that marked a bridge and run; one in another pid namespace counts as not running. */
function livingDaemons(database: Facts['database']): Set<number> {
  const pids = 'bridges' in database ? database.bridges.map(bridgePid).filter((pid) => pid !== undefined) : [];
  return new Set(pids.filter((pid) => existsSync(`/proc/${pid}`)));
}

export async function gather(input: DoctorInput): Promise<Facts> {
  const network = new HostNetwork(input.netns);
  const ctl = unixctl(input.rundir, 'ovs-vswitchd', { timeoutMs: 3_000 });
  const [database, version, links] = await Promise.all([
    orWhy(readDatabase(input.database)),
    orWhy(ctl.call('version')),
    network.links().catch(() => []),
  ]);
  const { bridge, uplinkBridge } = input.wishes;
  const told = 'reasons' in input.daemon ? { peers: [] } : await fromFlows(input.rundir, bridge);
  const wishes: Wishes = {
    bridge,
    uplinkBridge,
    vtepIp: input.wishes.vtepIp ?? told.vtepIp,
    uplinks: input.wishes.uplinks ?? uplinksOf(database, uplinkBridge),
    datapathType: input.wishes.datapathType ?? typeOf(database, bridge) ?? 'system',
    peers: input.wishes.peers ?? told.peers,
  };
  const [peersSeen, vlansSeen, lacp, features] = await Promise.all([
    seenBy(input.rundir, bridge, 'tunnelPeer', /tun_(?:ipv6_)?src=([0-9a-f.:]+)/),
    seenBy(input.rundir, bridge, 'uplink', /dl_vlan=(\d+)/),
    ctl.call('lacp/show').then(lacpStates, () => new Map<string, LacpState>()),
    ctl.call('dpif/show-dp-features', bridge).then(featuresOf, () => new Map<string, string>()),
  ]);
  const heard = new Set(peersSeen.filter(({ packets }) => packets > 0).map(({ from }) => from));
  // A thousand peers are not asked for one by one: the first say what the rest would.
  const routes = await Promise.all(
    wishes.peers.slice(0, 64).map(async (peer) => {
      const route = await network.route(peer);
      return heard.has(peer) ? route : network.asked(route);
    }),
  );
  return {
    peersSeen,
    vlansSeen,
    lacp,
    features,
    living: livingDaemons(database),
    vsctl: input.usualPlace ? 'ovs-vsctl' : `ovs-vsctl --db=${input.database}`,
    database,
    vswitchd: typeof version === 'string' ? { version } : version,
    links,
    routes,
    wishes,
    daemon: input.daemon,
  };
}
