/**
 * Shapes of the answers, as the documentation shows them.
 * Neighbours: the routes; their types are those of src/datapath/face.ts, which the compiler checks where a route sends one.
 * Invariant: answers may gain keys, never lose or rename one.
 */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Adoption, ApplyResult, FlowLine, ObjectStatus, TraceResult, UplinkStatus } from '../../datapath/face.js';

export const Reference = Type.Object({ kind: Type.String(), key: Type.String() }, { $id: 'Reference' });

const someRefs = Type.Array(Type.Unsafe<Static<typeof Reference>>({ $ref: 'Reference#' }));

export const Status = Type.Object(
  {
    generation: Type.Integer({ description: 'The desired state in which the object last changed.' }),
    state: Type.Enum(['pending', 'committed', 'quarantined', 'waiting']),
    waitingFor: Type.Optional(Type.String()),
    problems: Type.Array(
      Type.Object({ code: Type.String(), message: Type.String(), flow: Type.Optional(Type.String()) }),
    ),
    flows: Type.Integer(),
    packets: Type.Optional(
      Type.Integer({ description: 'Counted by its own flows; when one object is asked for, not in lists.' }),
    ),
    bytes: Type.Optional(Type.Integer()),
    mtu: Type.Optional(
      Type.Integer({ description: 'Of an endpoint: bytes of the largest IP packet that its network carries.' }),
    ),
    hostAddress: Type.Optional(Type.String({ description: 'Of an endpoint: where this host reaches it.' })),
  },
  { $id: 'Status', examples: [{ generation: 3, state: 'committed', problems: [], flows: 12 }] },
);

export const ApplyAnswer = Type.Object(
  {
    generation: Type.Integer(),
    level: Type.Enum(['accepted', 'committed', 'effective']),
    dryRun: Type.Optional(Type.Boolean()),
    created: Type.Integer(),
    updated: Type.Integer(),
    deleted: Type.Integer(),
    unchanged: Type.Integer(),
    commit: Type.Optional(
      Type.Object(
        {
          added: Type.Integer(),
          modified: Type.Integer(),
          deleted: Type.Integer(),
          messages: Type.Integer(),
          compileUs: Type.Number(),
          commitUs: Type.Number(),
          cut: Type.Optional(
            Type.Integer({
              description: 'Connections that the new policy denies and that were cut; only with `onPolicyChange: cut`.',
            }),
          ),
        },
        { description: 'What the switch did; times in microseconds. Absent for level `accepted`.' },
      ),
    ),
    attention: Type.Array(
      Type.Object({
        ref: Type.Unsafe<Static<typeof Reference>>({ $ref: 'Reference#' }),
        status: Type.Unsafe<Static<typeof Status>>({ $ref: 'Status#' }),
      }),
      { description: 'Objects that are not in place: waiting, or quarantined by the switch.' },
    ),
    notes: Type.Optional(
      Type.Array(Type.String(), {
        description: 'What is worth knowing of a change of settings; no reason to refuse it.',
      }),
    ),
    plan: Type.Optional(
      Type.Array(Type.String(), {
        description: 'With dryRun: lines of ip(8) that would move addresses of the host to an uplink bridge.',
      }),
    ),
  },
  { $id: 'ApplyAnswer' },
);

export const AdoptionAnswer = Type.Object(
  {
    nic: Type.String(),
    bridge: Type.String(),
    state: Type.Enum(['armed', 'moved', 'adopted', 'returning', 'returned', 'stuck'], {
      description: 'moved is on trial, adopted confirmed, returned given back, stuck needs a human.',
    }),
    addresses: Type.Array(Type.String()),
    until: Type.Optional(Type.String({ description: 'When a trial ends.' })),
    checkAddress: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String({ description: 'Why it was given back.' })),
  },
  { $id: 'Adoption' },
);

export const FlowAnswer = Type.Object(
  {
    text: Type.String({ description: 'As ovs-ofctl prints it.' }),
    cookie: Type.String(),
    owners: someRefs,
    table: Type.String(),
    priority: Type.Integer(),
    packets: Type.Optional(Type.Integer()),
    bytes: Type.Optional(Type.Integer()),
  },
  { $id: 'Flow' },
);

export const TraceAnswer = Type.Object(
  {
    verdict: Type.Enum(['allow', 'deny', 'drop']),
    reason: Type.String(),
    decidedBy: someRefs,
    output: Type.Array(Type.String()),
    steps: Type.Array(Type.Object({ table: Type.String(), flow: Type.String(), owners: someRefs })),
    command: Type.String({ description: 'The same question as an ovs-appctl line.' }),
    raw: Type.String(),
  },
  { $id: 'Trace' },
);

export const UplinkAnswer = Type.Object(
  {
    bridge: Type.String(),
    port: Type.String({ description: 'The NIC, or the bond of several.' }),
    bondMode: Type.Optional(Type.String({ description: 'Of a bond only.' })),
    lacp: Type.Optional(Type.String({ description: 'Of a bond only: active, passive or off.' })),
    members: Type.Array(
      Type.Object({
        name: Type.String(),
        link: Type.Enum(['up', 'down', 'missing']),
        active: Type.Boolean({ description: 'Frames of unknown place leave by it.' }),
        speedMbps: Type.Optional(Type.Integer()),
        lacp: Type.Optional(
          Type.Enum(['current', 'expired', 'defaulted'], {
            description:
              'Whether the LACP partner is heard: current; expired when it has fallen silent; defaulted when it is given up. Absent where LACP is not spoken.',
          }),
        ),
        error: Type.Optional(Type.String({ description: 'Why the switch could not open it.' })),
      }),
    ),
  },
  { $id: 'Uplink' },
);

const RunAnswer = Type.Object(
  {
    phase: Type.Enum(['read', 'commit'], { description: 'Reading the switch back, or confirming flows.' }),
    done: Type.Integer(),
    total: Type.Integer({ description: 'As far as is known yet.' }),
    perSecond: Type.Integer(),
  },
  { description: 'A long operation (more than 5,000 flows) that is under way.' },
);

export const DropAnswer = Type.Object(
  {
    reason: Type.String({ description: 'Why: a name that never changes.', examples: ['spoof'] }),
    about: Type.String(),
    packets: Type.Integer(),
    bytes: Type.Integer(),
    by: Type.Optional(
      Type.Array(Type.Object({ owners: someRefs, packets: Type.Integer(), bytes: Type.Integer() }), {
        description: 'Of `policy`: the rules and groups that denied, most packets first.',
      }),
    ),
  },
  { $id: 'Drop' },
);

export const StatusAnswer = Type.Object(
  {
    version: Type.String(),
    pid: Type.Integer(),
    ready: Type.Boolean(),
    reasons: Type.Array(Type.String()),
    generation: Type.Integer(),
    switch: Type.Object({
      connected: Type.Boolean(),
      datapathId: Type.Optional(Type.String()),
      version: Type.Optional(Type.String()),
      flows: Type.Integer(),
      progress: Type.Optional(RunAnswer),
      resync: Type.Optional(
        Type.Object(
          { secondsAgo: Type.Integer(), flowsRead: Type.Integer(), sent: Type.Integer() },
          { description: 'When the switch was last read back whole, and what had to be sent.' },
        ),
      ),
      drift: Type.Optional(
        Type.Object(
          { changes: Type.Integer(), mending: Type.Boolean(), last: Type.Optional(Type.String()) },
          {
            description:
              'What somebody else changed in the switch: how much, whether it is being put right, what last.',
          },
        ),
      ),
    }),
    uplinks: Type.Array(Type.Unsafe<UplinkStatus>({ $ref: 'Uplink#' }), {
      description: 'Links, bonds and LACP of the uplinks.',
    }),
    objects: Type.Record(Type.String(), Type.Integer(), { description: 'How many there are of each kind.' }),
  },
  { $id: 'DaemonStatus' },
);

export const SettingAnswer = Type.Object(
  {
    key: Type.String(),
    value: Type.String({ description: 'As text: lists by commas, `-` for none.' }),
    from: Type.Enum(['flag', 'environment', 'file', 'default', 'api']),
    name: Type.String({ description: 'The flag, variable or line that said so.' }),
    overruled: Type.Optional(
      Type.Object(
        { value: Type.String(), name: Type.String() },
        { description: 'What the daemon was started with; it is in force again after a restart.' },
      ),
    ),
  },
  { $id: 'EffectiveSetting' },
);

export type EffectiveSetting = Static<typeof SettingAnswer>;

export type DaemonStatus = Static<typeof StatusAnswer>;

/** An object as GET answers it: what was asked for, in normal form, and how it fares. */
export interface ObjectAnswer {
  readonly kind: string;
  readonly status: ObjectStatus;
  readonly [field: string]: unknown;
}

export interface ApplyAnswer extends ApplyResult {
  readonly dryRun?: boolean;
  readonly plan?: readonly string[];
}

export type { Adoption, ApplyResult, FlowLine, ObjectStatus, TraceResult, UplinkStatus };
