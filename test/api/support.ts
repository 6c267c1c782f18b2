/**
 * A Controller on the real model with a canned switch, for tests of what the API says and asks.
 * It is not a switch: every flow and every trace here is made up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { buildApi, listen } from '../../src/api/index.js';
import type { EffectiveSetting } from '../../src/api/schemas/answers.js';
import type {
  Adoption,
  ApplyRequest,
  ApplyResult,
  Controller,
  DatapathEvent,
  DropCount,
  FlowLine,
  FlowQuery,
  Health,
  Level,
  ObjectStatus,
  SettingsPlan,
  TraceQuery,
  TraceResult,
} from '../../src/datapath/face.js';
import { patchedSettings } from '../../src/datapath/settings-patch.js';
import { SluiceError } from '../../src/model/errors.js';
import type { Problem } from '../../src/model/errors.js';
import { emptyState, judge } from '../../src/model/index.js';
import type { Ref, State } from '../../src/model/index.js';

const flow: FlowLine = {
  text: 'cookie=0x700000001000000, table=0, priority=100,in_port=web-1,vlan_tci=0x0000/0x1000 actions=goto_table:2',
  cookie: '0x0700000001000000',
  owners: [{ kind: 'endpoint', key: 'web-1' }],
  table: 'classify',
  priority: 100,
};

export const cannedTrace: TraceResult = {
  verdict: 'allow',
  reason: 'rule blue/app-policy/10 allows tcp port 8080 from group web.',
  decidedBy: [{ kind: 'rule', key: 'blue/app-policy/10' }],
  output: ['veth-app-1'],
  steps: [
    { table: 'classify', flow: 'in_port=3', owners: [{ kind: 'endpoint', key: 'web-1' }] },
    { table: 'policy', flow: 'tcp,tp_dst=8080', owners: [{ kind: 'rule', key: 'blue/app-policy/10' }] },
  ],
  command: "ovs-appctl ofproto/trace br-sluice 'in_port=3,tcp'",
  raw: 'Flow: tcp\nbridge("br-sluice")\n',
};

export class TestController implements Controller {
  state: State = emptyState();
  /** What each call was asked, for tests that look at what reached us. */
  readonly asked: unknown[] = [];
  readonly statuses = new Map<string, Partial<ObjectStatus>>();
  reasons: string[] = [];
  loans: Adoption[] = [];
  planLines: string[] = [];
  failWith: Error | undefined;

  async apply(request: ApplyRequest, level: Level): Promise<ApplyResult> {
    this.asked.push({ level, cascade: request.cascade });
    if (this.failWith !== undefined) throw this.failWith;
    const { settings } = request;
    const put = settings === undefined ? request.put : [patchedSettings(this.state.settings, settings)];
    const judged = judge(this.state, { ...request, ...(put === undefined ? {} : { put }) });
    if (!judged.ok) {
      const inUse = judged.problems.every(({ code }) => code === 'in_use');
      throw new SluiceError(inUse ? 'in_use' : 'invalid_request', 'The request was refused.', {
        problems: judged.problems,
      });
    }
    const { changes, state, unchanged } = judged.accepted;
    this.state = state;
    const attention = changes
      .filter(({ ref, after }) => after !== undefined && this.statuses.has(`${ref.kind}/${ref.key}`))
      .map(({ ref }) => ({ ref, status: this.status(ref) }));
    return {
      generation: state.generation,
      level,
      created: changes.filter(({ before }) => before === undefined).length,
      updated: changes.filter(({ before, after }) => before !== undefined && after !== undefined).length,
      deleted: changes.filter(({ after }) => after === undefined).length,
      unchanged,
      ...(level === 'accepted'
        ? {}
        : { commit: { added: 12, modified: 1, deleted: 0, messages: 16, compileUs: 240, commitUs: 3_100 } }),
      attention,
    };
  }

  check(request: ApplyRequest): readonly Problem[] {
    const judged = judge(this.state, request);
    return judged.ok ? [] : judged.problems;
  }

  async planSettings(fields: Readonly<Record<string, unknown>>): Promise<SettingsPlan> {
    const judged = judge(this.state, { put: [patchedSettings(this.state.settings, fields)] });
    return { problems: judged.ok ? [] : judged.problems, lines: this.planLines, notes: [] };
  }

  adoptions(): readonly Adoption[] {
    return this.loans;
  }

  confirmUplinks(): readonly string[] {
    return this.loans.filter(({ state }) => state === 'moved').map(({ nic }) => nic);
  }

  status({ kind, key }: Ref): ObjectStatus {
    const canned = this.statuses.get(`${kind}/${key}`);
    return { generation: this.state.generation, state: 'committed', problems: [], flows: 3, ...canned };
  }

  async countedStatus(ref: Ref): Promise<ObjectStatus> {
    return this.status(ref);
  }

  async drops(): Promise<readonly DropCount[]> {
    if (this.failWith !== undefined) throw this.failWith;
    const by = [{ owners: [{ kind: 'rule', key: 'blue/app-policy/10' }] as const, packets: 4, bytes: 240 }];
    return [
      { reason: 'spoof', about: 'a source address that is not the endpoint’s own', packets: 3, bytes: 180 },
      { reason: 'policy', about: 'denied by a rule, or by the default of a group', packets: 4, bytes: 240, by },
      { reason: 'no_peer', about: 'for the tunnel, but to no peer', packets: 0, bytes: 0 },
    ];
  }

  async flows(query: FlowQuery): Promise<readonly FlowLine[]> {
    this.asked.push(query);
    if (this.failWith !== undefined) throw this.failWith;
    return [
      flow,
      {
        ...flow,
        text: 'cookie=0x100000000000000, table=0, priority=0 actions=drop',
        owners: [{ kind: 'system', key: '' }],
      },
    ];
  }

  async trace(query: TraceQuery): Promise<TraceResult> {
    this.asked.push(query);
    return cannedTrace;
  }

  uplinks: Health['uplinks'] = [];

  health(): Health {
    const connected = this.reasons.length === 0;
    return {
      ready: connected,
      reasons: this.reasons,
      switch: { connected, datapathId: '00000a0000000001', version: '3.1.0', flows: 340 },
      uplinks: this.uplinks,
      generation: this.state.generation,
    };
  }

  async resync(): Promise<{ flowsRead: number; sent: number }> {
    return { flowsRead: 340, sent: 1 };
  }

  async retry(): Promise<number> {
    return 2;
  }

  readonly listeners = new Set<(event: DatapathEvent) => void>();

  subscribe(listener: (event: DatapathEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export function buildTestApi(options: { token?: string } = {}): { app: FastifyInstance; controller: TestController } {
  const controller = new TestController();
  const config = (): EffectiveSetting[] => [
    {
      key: 'vtepIp',
      value: '10.0.0.9',
      from: 'api',
      name: 'API',
      overruled: { value: '10.0.0.5', name: '--vtep-ip' },
    },
    { key: 'vlanInterfaces', value: 'eth1,eth2', from: 'file', name: '/etc/sluice/config.yaml:3' },
  ];
  return { app: buildApi({ controller, version: '1.2.3', config, ...options }), controller };
}

/** A small host: one tenant, one network, two groups, a policy with a rule, an endpoint. */
export const host: readonly Record<string, unknown>[] = [
  { kind: 'tenant', name: 'blue' },
  {
    kind: 'network',
    tenant: 'blue',
    name: 'front',
    encap: 'vxlan',
    vni: 5001,
    subnet: '10.1.1.0/24',
    gateway: '10.1.1.254',
  },
  { kind: 'policy', tenant: 'blue', name: 'app-policy' },
  { kind: 'group', tenant: 'blue', name: 'web', network: 'front' },
  { kind: 'group', tenant: 'blue', name: 'app', network: 'front', policies: ['app-policy'] },
  {
    kind: 'rule',
    tenant: 'blue',
    policy: 'app-policy',
    id: '10',
    direction: 'in',
    action: 'allow',
    protocol: 'tcp',
    ports: [8080],
    peer: { group: 'web' },
  },
  {
    kind: 'endpoint',
    id: 'web-1',
    tenant: 'blue',
    network: 'front',
    group: 'web',
    mac: '02:00:0a:01:01:01',
    ipv4: '10.1.1.1',
    interface: 'veth-web-1',
  },
];

export interface Served {
  readonly dir: string;
  readonly socket: string;
  readonly controller: TestController;
  stop(): Promise<void>;
}

/** The API on a socket in a directory of its own. */
export async function serveTestApi(): Promise<Served> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-api-'));
  const socket = join(dir, 's.sock');
  const { app, controller } = buildTestApi();
  await listen(app, `punix:${socket}`);
  return {
    dir,
    socket,
    controller,
    async stop() {
      await app.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
