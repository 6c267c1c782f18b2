/**
 * The first light: builds the example host, shows its objects, tries packets, and stays up until told to stop.
 * Neighbours: stage.ts builds, example.ts reads; src/main.ts is the daemon that really runs.
 * Invariant: ends with an error when a verdict is not the expected one, and leaves nothing behind.
 */
import type { ApplyResult } from '../../datapath/face.js';
import { version } from '../../main.js';
import { run, sweep } from '../../sandbox/index.js';
import { exit, type ExitCode, type Io } from '../command.js';
import { duration, table } from '../table.js';
import { readExample, type Example, type Try } from './example.js';
import { packetStage, traceStage, type Stage } from './stage.js';

interface Tried {
  readonly packet: Try;
  readonly seen: 'allow' | 'deny' | 'drop';
  readonly how: string;
  readonly decidedBy: string;
  readonly asExpected: boolean;
}

export interface StartOptions {
  /** End after the table. */
  readonly once: boolean;
  /** Resolves when the person wants it to end. */
  stopped(): Promise<void>;
}

export async function showExample(io: Io, options: StartOptions): Promise<ExitCode> {
  sweep();
  const example = await readExample(new URL('../../../examples/', import.meta.url));
  const packets = io.uid === 0;
  const switchVersion = /[\d.]+\d/.exec(await run('ovs-vswitchd', ['--version']))?.[0] ?? '';
  io.out(
    `Sluice ${version()} on a private Open vSwitch ${switchVersion}, ${
      packets
        ? 'netdev datapath: two hosts, real packets'
        : 'dummy datapath: ofproto/trace instead of packets (packets need root)'
    }\n\n`,
  );
  const stage = await (packets ? packetStage : traceStage)(example.objects);
  try {
    const result = await stage.daemon.controller.apply({ put: stage.objects }, 'effective');
    showObjects(io, stage);
    await showCommit(io, stage, result);
    const tried = await tryAll(io, stage, example);
    const wrong = tried.filter((each) => !each.asExpected).length;
    io.out(`\n${tried.length - wrong} of ${tried.length} verdicts as expected, seen by ${stage.how}\n`);
    if (!options.once) {
      showNext(io, stage);
      io.out('\nCtrl-C ends it and leaves nothing behind.\n');
      await options.stopped();
    }
    return wrong === 0 ? exit.ok : exit.failed;
  } finally {
    await stage.strike();
  }
}

function showObjects(io: Io, stage: Stage): void {
  const { controller } = stage.daemon;
  const { state } = controller;
  const statusOf = (kind: 'endpoint' | 'rule' | 'network', key: string): string[] => {
    const status = controller.status({ kind, key });
    return [status.waitingFor === undefined ? status.state : `waiting: ${status.waitingFor}`, String(status.flows)];
  };
  const networks = [...state.networks.values()].map((n) => {
    const tag = n.encap === 'vlan' ? `vlan ${n.tag}` : `vxlan ${n.tag}`;
    return [n.key, tag, n.spec.subnet ?? '', ...statusOf('network', n.key)];
  });
  io.out(`${table(['NETWORK', 'ENCAP', 'SUBNET', 'STATE', 'FLOWS'], networks.toSorted(byFirst))}\n`);
  const endpoints = [...state.endpoints.values()].map((e) => {
    const where =
      e.where === undefined ? 'on the VLAN' : 'interface' in e.where ? e.where.interface : `behind ${e.where.vtepIp}`;
    return [e.key, e.network, e.group ?? '', e.spec.ipv4 ?? '', where, ...statusOf('endpoint', e.key)];
  });
  io.out(
    `${table(['ENDPOINT', 'NETWORK', 'GROUP', 'ADDRESS', 'WHERE', 'STATE', 'FLOWS'], endpoints.toSorted(byFirst))}\n`,
  );
  const rules = [...state.rules.values()].map((rule) => {
    const { spec } = rule;
    const what = [
      spec.protocol ?? 'any',
      ...(spec.ports === undefined ? [] : [JSON.stringify(spec.ports).replaceAll(/["[\]]/g, '')]),
    ];
    const peer = rule.peer.group ?? rule.peer.network ?? (rule.peer.cidrs.length > 0 ? 'addresses' : 'any');
    return [
      rule.key,
      `${rule.direction === 'in' ? 'from' : 'to'} ${peer}`,
      what.join(' '),
      rule.action,
      ...statusOf('rule', rule.key),
    ];
  });
  io.out(`${table(['RULE', 'PEER', 'SERVICE', 'ACTION', 'STATE', 'FLOWS'], rules.toSorted(byFirst))}\n`);
}

function byFirst(a: readonly string[], b: readonly string[]): number {
  return (a[0] ?? '') < (b[0] ?? '') ? -1 : 1;
}

async function showCommit(io: Io, stage: Stage, result: ApplyResult): Promise<void> {
  const flows = await stage.daemon.controller.flows({});
  const { compileUs = 0, commitUs = 0 } = result.commit ?? {};
  const objects = result.created + result.updated + result.unchanged;
  io.out(
    `${objects} objects → ${flows.length} flows, confirmed by the switch: compiled in ${duration(compileUs)}, committed in ${duration(commitUs)}\n\n`,
  );
}

async function tryAll(io: Io, stage: Stage, example: Example): Promise<Tried[]> {
  const tried: Tried[] = [];
  for (const packet of example.tries) tried.push(await tryOne(stage, packet));
  const rows = tried.map(({ packet, seen, how, decidedBy, asExpected }) => [
    packet.from,
    packet.to,
    [packet.protocol, packet.port ?? '', packet.source === undefined ? '' : `as ${packet.source}`]
      .join(' ')
      .replaceAll(/ +/g, ' ')
      .trim(),
    packet.expect,
    asExpected ? seen : `${seen} !`,
    how,
    decidedBy,
  ]);
  io.out(table(['FROM', 'TO', 'PACKET', 'EXPECTED', 'SEEN', 'BY', 'DECIDED BY'], rows));
  return tried;
}

/** Ask the switch who decides; where packets can be sent, what became of them is the verdict. */
async function tryOne(stage: Stage, packet: Try): Promise<Tried> {
  const { from, to, protocol, port, source, expect } = packet;
  const query = {
    from,
    to,
    protocol,
    ...(port === undefined ? {} : { port }),
    ...(source === undefined ? {} : { source }),
  };
  const sent = await stage.send(packet);
  const traced = await stage
    .daemonOf(from)
    .controller.trace(query)
    .catch(() => undefined);
  const seen =
    sent === undefined
      ? (traced?.verdict ?? 'drop')
      : sent === 'allow'
        ? 'allow'
        : traced?.verdict === 'drop'
          ? 'drop'
          : 'deny';
  const decidedBy = traced?.reason.replace(/^(?:allowed|denied) by /, '') ?? '';
  const agreed = sent === undefined || (sent === 'allow') === (traced?.verdict === 'allow');
  return {
    packet,
    seen,
    how: sent === undefined ? 'trace' : 'packet',
    decidedBy: agreed ? decidedBy : `${decidedBy} (but the trace says ${traced?.verdict})`,
    asExpected: seen === expect && agreed,
  };
}

function showNext(io: Io, stage: Stage): void {
  const { socket } = stage.daemon;
  io.out(`
API       curl --unix-socket ${socket} http://sluice/v1/endpoint
API docs  curl --unix-socket ${socket} http://sluice/docs/json
          (for a browser: sluice serve --listen ptcp:8080:127.0.0.1 --token-file <file>, then http://127.0.0.1:8080/docs)
Flows     SLUICE_SOCKET=${socket} npx sluice flows
Trace     SLUICE_SOCKET=${socket} npx sluice trace --from web-1 --to app-1 --protocol tcp --port 8080
`);
}
