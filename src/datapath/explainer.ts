/**
 * Explains flows and packets in the caller's words.
 * Neighbours: flow-lines.ts and trace.ts do the reading; controller.ts answers with it.
 */
import { SluiceError } from '../model/errors.js';
import { namedFor, ownerKey, type Connection, type State } from '../model/index.js';
import type { Engine, Unixctl } from '../native/index.js';
import type { FlowLine, FlowQuery, OwnerRef, TraceQuery, TraceResult } from './face.js';
import { cookieOwners, flowLines, namesOf } from './flow-lines.js';
import { tracePacket } from './packets.js';
import type { PortMap } from './ports.js';
import { judgeTrace, parseTrace } from './trace.js';

/** Of rules that decide alike the switch meets the flow of any; named is the one with the lowest key, whatever flow it was. */
function nameAlike(state: State, connection: Connection | undefined, owners: readonly OwnerRef[]): readonly OwnerRef[] {
  const [first] = owners;
  const rule = first?.kind === 'rule' ? state.rules.get(first.key) : undefined;
  if (rule === undefined || connection === undefined) return owners;
  return [{ kind: 'rule', key: namedFor(state, rule, connection).key }];
}

export class Explainer {
  readonly #engine: Engine;
  readonly #unixctl: Unixctl;

  constructor(engine: Engine, control: Unixctl) {
    this.#engine = engine;
    this.#unixctl = control;
  }

  async flows(state: State, ports: PortMap, query: FlowQuery): Promise<readonly FlowLine[]> {
    const owner = query.owner && state.object(query.owner);
    if (query.owner && !owner) throw new SluiceError('not_found', `there is no ${query.owner.kind} ${query.owner.key}`);
    return flowLines(this.#engine, state, ports, query, owner && ownerKey(owner.kind, owner.id));
  }

  async trace(state: State, ports: PortMap, query: TraceQuery): Promise<TraceResult> {
    const { bridge } = state.settings;
    const packet = tracePacket(state, ports, query);
    const raw = await this.ask('ofproto/trace', bridge, packet.flow, '--ct-next', packet.ctNext);
    const parsed = parseTrace(raw, bridge);
    const names = namesOf(ports);
    const steps = await Promise.all(
      parsed.hits.map(async (hit) => ({
        table: names.table?.(hit.table) ?? String(hit.table),
        flow: hit.match,
        owners: hit.cookie === undefined ? [] : await cookieOwners(this.#engine, state, hit.cookie),
      })),
    );
    const named = (owners: readonly OwnerRef[]): readonly OwnerRef[] => nameAlike(state, packet.connection, owners);
    const outcome = judgeTrace(parsed.hits, steps, parsed.datapath, (ofport) => ports.name(ofport), named);
    const command = `ovs-appctl ofproto/trace ${bridge} '${packet.flow}' --ct-next '${packet.ctNext}'`;
    return { ...outcome, steps, command, raw };
  }

  /** One command on vswitchd's control socket. */
  async ask(command: string, ...args: string[]): Promise<string> {
    try {
      return await this.#unixctl.call(command, ...args);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new SluiceError('switch_unavailable', `ovs-vswitchd did not answer ${command}: ${detail}`, { cause });
    }
  }
}
