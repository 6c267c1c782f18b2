/**
 * The query parameters of every route; validated by ../query.ts, shown in the documentation.
 * Neighbours: the routes.
 * Invariant: a parameter not named here is refused, so that a misspelt one never passes for its absence.
 */
import { Type } from 'typebox';

const level = Type.Optional(
  Type.Enum(['accepted', 'committed', 'effective'], {
    description: 'Answer when the change is durable, when the switch confirmed it (default), or when packets obey it.',
    default: 'committed',
  }),
);

const cascade = Type.Optional(Type.Boolean({ description: 'Delete what refers to the deleted, too.', default: false }));

export const ChangeQuery = Type.Object({ level });

export const SettingsQuery = Type.Object({
  level,
  dryRun: Type.Optional(
    Type.Boolean({
      description: 'Judge only, and say which host addresses would move; nothing changes.',
      default: false,
    }),
  ),
});

export const DeleteQuery = Type.Object({ level, cascade });

export const ApplyQuery = Type.Object({
  level,
  cascade,
  mode: Type.Optional(
    Type.Enum(['atomic', 'staged'], {
      description:
        'How the flows go into the switch: all at once in one bundle (up to 5,000; more goes in stages), or in slices, what is led to before what leads there. By the size of the change if not given.',
    }),
  ),
  dryRun: Type.Optional(Type.Boolean({ description: 'Judge only; nothing changes.', default: false })),
});

export const FlowsQuery = Type.Object({
  format: Type.Optional(
    Type.Enum(['json', 'text'], { description: 'text is what ovs-ofctl dump-flows prints.', default: 'json' }),
  ),
  owner: Type.Optional(Type.String({ description: 'Only flows of this object.', examples: ['endpoint/web-1'] })),
  table: Type.Optional(Type.String({ description: 'Only this table, by name or number.' })),
  source: Type.Optional(
    Type.Enum(['confirmed', 'switch'], {
      description: "The engine's record of what the switch confirmed; or the switch itself, read now, with counters.",
      default: 'confirmed',
    }),
  ),
});

export const TraceParameters = Type.Object({
  from: Type.Optional(Type.String({ description: 'The endpoint that sends.', examples: ['web-1'] })),
  to: Type.Optional(Type.String({ description: 'The endpoint or address that shall receive.', examples: ['db-1'] })),
  protocol: Type.Optional(Type.Enum(['tcp', 'udp', 'icmp', 'arp'])),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'Destination port of tcp or udp.' })),
  source: Type.Optional(Type.String({ description: 'Another source address than the endpoint has.' })),
  flow: Type.Optional(Type.String({ description: 'A raw flow for ofproto/trace, instead of the above.' })),
  reply: Type.Optional(Type.Boolean({ description: 'Trace the answer to such a packet.', default: false })),
});

export const NoQuery = Type.Object({});
