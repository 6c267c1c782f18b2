/**
 * Rule: one line of a policy. `in` judges connections to the groups the policy is attached to, `out` those from them.
 * Neighbours: policy.ts above; src/pipeline turns it into flows for every policy set that contains its policy.
 * Invariant: a rule is never wider than it was written: an empty list, a port without a protocol that has ports,
 * or an unknown peer is an error.
 */
import { Type, type Static } from 'typebox';
import { formatCidr, normaliseCidrs, type Cidr } from '../addr.js';
import { shared } from '../names.js';
import { lastPort, mergePorts, parsePorts, portRangePattern, writePorts, type PortRange } from '../ports.js';
import type { Say } from '../problems.js';
import {
  defined,
  dropEmpty,
  dropZero,
  nothing,
  type Fields,
  type KindRules,
  type Reference,
  type Trace,
} from './kind.js';
import { id, name, readPrefixes, tenantName } from './fields.js';

const protocols = ['tcp', 'udp', 'sctp', 'icmp', 'any'] as const;

/** Types of ICMPv6 from here on open a connection; those below are its errors, which follow the connection they speak of. */
const firstIcmp6Query = 128;

export const ruleSchema = Type.Object(
  {
    kind: Type.Literal('rule'),
    tenant: tenantName,
    policy: name('The policy it is a line of.', 'web-policy'),
    id: id('Its id within the policy.', '10'),
    direction: Type.Enum(['in', 'out'], { description: 'Connections to (in) or from (out) the groups of the policy.' }),
    priority: Type.Optional(
      Type.Integer({ description: 'The highest decides; among equals deny.', minimum: 1, maximum: 100, default: 1 }),
    ),
    action: Type.Enum(['allow', 'deny'], { description: 'The verdict.' }),
    protocol: Type.Optional(
      Type.Union([Type.Enum([...protocols]), Type.Integer({ minimum: 1, maximum: 255 })], {
        description: 'A name or a number; icmp means ICMP and ICMPv6.',
        default: 'any',
      }),
    ),
    icmpType: Type.Optional(
      Type.Integer({
        description:
          'What opens a connection: 8 is a ping of ICMP, 128 of ICMPv6. With protocol icmp, 128 and above mean ICMPv6; 1 and 58 name the protocol.',
        minimum: 0,
        maximum: 255,
      }),
    ),
    icmpCode: Type.Optional(
      Type.Integer({ description: 'A code of icmpType; any when left out.', minimum: 0, maximum: 255 }),
    ),
    ports: Type.Optional(
      Type.Array(
        Type.Union([Type.Integer({ minimum: 1, maximum: lastPort }), Type.String({ pattern: portRangePattern })]),
        {
          description: 'Destination ports of tcp, udp or sctp, numbers and ranges; what overlaps or touches is merged.',
          minItems: 1,
          examples: [[80, 443, '8000-8010']],
        },
      ),
    ),
    peer: Type.Optional(
      Type.Object(
        {
          group: Type.Optional(name('A group of the tenant; with cidrs, both must hold.', 'web')),
          network: Type.Optional(name('A network of the tenant; stands alone.', 'front')),
          cidrs: Type.Optional(
            Type.Array(Type.String({ examples: ['10.1.1.0/24', 'fd00:1::/64'] }), {
              description:
                'IPv4 and IPv6 prefixes, and ranges such as 10.1.1.5-10.1.1.9; shown as the fewest prefixes.',
              minItems: 1,
            }),
          ),
        },
        {
          description: 'The other end: the source of `in`, the destination of `out`. Anybody when left out.',
          minProperties: 1,
          additionalProperties: false,
        },
      ),
    ),
  },
  {
    $id: 'Rule',
    description: 'One line of a policy.',
    examples: [
      {
        kind: 'rule',
        tenant: 'blue',
        policy: 'app-policy',
        id: '10',
        direction: 'in',
        priority: 10,
        action: 'allow',
        protocol: 'tcp',
        ports: [8080],
        peer: { group: 'web' },
      },
    ],
    additionalProperties: false,
  },
);

export type RuleSpec = Static<typeof ruleSchema>;

export interface Rule {
  readonly kind: 'rule';
  readonly key: string;
  readonly id: number;
  readonly spec: RuleSpec;
  /** Key of the policy. */
  readonly policy: string;
  readonly direction: 'in' | 'out';
  /** 1–100; the highest decides. */
  readonly priority: number;
  readonly action: 'allow' | 'deny';
  /** Absent: any. */
  readonly protocol?: 'tcp' | 'udp' | 'sctp' | 'icmp' | number;
  /** Then `protocol` is 1 or 58. */
  readonly icmp?: { readonly type: number; readonly code?: number };
  /** Sorted, disjoint; empty: every port. */
  readonly ports: readonly PortRange[];
  /**
   * Number under which ports and addresses may be matched apart, its own among rules; another one when the rule changes, so
   * that the old halves never meet the new. 0 where there is nothing to gain.
   */
  readonly conjunction: number;
  /** Keys of the group or network; cidrs sorted and disjoint, empty: every address. */
  readonly peer: { readonly group?: string; readonly network?: string; readonly cidrs: readonly Cidr[] };
}

/** Contiv names the peer by direction and sort: `fromEndpointGroup`, `toIpAddress`, … */
const contivPeers = [
  ['fromEndpointGroup', 'in', 'group'],
  ['toEndpointGroup', 'out', 'group'],
  ['fromNetwork', 'in', 'network'],
  ['toNetwork', 'out', 'network'],
  ['fromIpAddress', 'in', 'cidrs'],
  ['toIpAddress', 'out', 'cidrs'],
] as const;

const protocolNumbers: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

function rewrite(fields: Fields, written: Trace): void {
  dropEmpty(fields, 'protocol', ...contivPeers.map(([theirs]) => theirs));
  dropZero(fields, 'port');
  if (typeof fields['id'] === 'number') fields['id'] = String(fields['id']);
  if ('port' in fields && !('ports' in fields)) {
    fields['ports'] = fields['port'];
    written.set('ports', 'port');
    delete fields['port'];
  }
  rewritePorts(fields);
  if (typeof fields['protocol'] === 'string') {
    const word = fields['protocol'].toLowerCase();
    fields['protocol'] = /^[0-9]{1,3}$/.test(word) ? Number(word) : word;
  }
  if (typeof fields['protocol'] === 'number')
    fields['protocol'] = protocolNumbers[fields['protocol']] ?? fields['protocol'];
  if (fields['peer'] === 'any') delete fields['peer'];
  else if (!('peer' in fields)) rewritePeer(fields, written);
}

/** One number, one range, or several in one text are a list as well. */
function rewritePorts(fields: Fields): void {
  let { ports } = fields;
  if (typeof ports === 'number') ports = [ports];
  if (typeof ports === 'string') ports = ports.split(',').map((part) => part.trim());
  if (!Array.isArray(ports)) return;
  fields['ports'] = ports.map((port: unknown) =>
    typeof port === 'string' && /^[0-9]{1,5}$/.test(port) ? Number(port) : port,
  );
}

function readPorts(written: readonly (number | string)[], say: Say): PortRange[] {
  const ranges: PortRange[] = [];
  for (const [i, each] of written.entries()) {
    const range = parsePorts(each);
    if (range === undefined) {
      say(`ports/${i}`, 'out_of_range', `\`${each}\` is not a range within 1–${lastPort}, the lower port first`);
    } else ranges.push(range);
  }
  return mergePorts(ranges);
}

/** The type says which of its two protocols `icmp` means. */
function readIcmp(input: RuleSpec, say: Say): { protocol: number; type: number } | undefined {
  const { icmpType: type, icmpCode: code, protocol = 'any' } = input;
  if (type === undefined) {
    if (code !== undefined)
      say('icmpCode', 'contradiction', 'icmpCode needs icmpType', 'state the type, or leave out the code');
    return undefined;
  }
  if (protocol === 'icmp') return { protocol: type < firstIcmp6Query ? 1 : 58, type };
  if (protocol === 1 || protocol === 58) return { protocol, type };
  say(
    'icmpType',
    'contradiction',
    `icmpType needs protocol icmp, 1 or 58, not ${protocol}`,
    'state the protocol, or leave out icmpType',
  );
  return undefined;
}

/** A `to…` on an `in` rule, or beside a `peer`, stays and is reported as a field the rule does not have. */
function rewritePeer(fields: Fields, written: Trace): void {
  const peer: Fields = {};
  for (const [theirs, direction, part] of contivPeers) {
    const value = fields[theirs];
    if (value === undefined || fields['direction'] !== direction) continue;
    delete fields[theirs];
    peer[part] = part === 'cidrs' && typeof value === 'string' ? [value] : value;
    written.set(`peer/${part}`, theirs);
    if (part === 'cidrs') written.set(`peer/${part}/0`, theirs);
  }
  if (Object.keys(peer).length > 0) fields['peer'] = peer;
}

function readPeer(
  input: NonNullable<RuleSpec['peer']>,
  say: Say,
): { spec: NonNullable<RuleSpec['peer']>; cidrs: Cidr[] } {
  const { group, network } = input;
  const cidrs = normaliseCidrs((input.cidrs ?? []).flatMap((text, i) => readPrefixes(say, `peer/cidrs/${i}`, text)));
  if (network !== undefined && (group !== undefined || input.cidrs !== undefined)) {
    const other = group === undefined ? 'cidrs' : 'group';
    say(
      'peer/network',
      'contradiction',
      `a peer network stands alone, not with ${other}`,
      `leave out network or ${other}`,
    );
  }
  const spec = defined<NonNullable<RuleSpec['peer']>>({
    group,
    network,
    cidrs: cidrs.length > 0 ? cidrs.map(formatCidr) : undefined,
  });
  return { spec, cidrs };
}

export const ruleRules: KindRules<'rule'> = {
  kind: 'rule',
  schema: ruleSchema,
  identity: ['tenant', 'policy', 'id'],
  aliases: { tenantName: 'tenant', policyName: 'policy', ruleId: 'id' },
  rewrite,
  read(input: RuleSpec, say) {
    const protocol = input.protocol ?? 'any';
    const ports = input.ports === undefined ? nothing : readPorts(input.ports, say);
    if (input.ports !== undefined && protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
      say(
        'ports',
        'contradiction',
        `ports need protocol tcp, udp or sctp, not ${protocol}`,
        'state the protocol, or leave out ports',
      );
    }
    const icmp = readIcmp(input, say);
    const peer = input.peer === undefined ? undefined : readPeer(input.peer, say);
    const priority = input.priority ?? 1;
    const policy = shared(`${input.tenant}/${input.policy}`);
    const spec = defined<RuleSpec>({
      kind: 'rule',
      tenant: input.tenant,
      policy: input.policy,
      id: input.id,
      direction: input.direction,
      priority,
      action: input.action,
      protocol,
      icmpType: input.icmpType,
      icmpCode: input.icmpCode,
      ports: ports.length > 0 ? ports.map(writePorts) : undefined,
      peer: peer?.spec,
    });
    return defined<Rule>({
      kind: 'rule',
      key: `${policy}/${input.id}`,
      id: 0,
      spec,
      policy,
      direction: input.direction,
      priority,
      action: input.action,
      protocol: icmp?.protocol ?? (protocol === 'any' ? undefined : protocol),
      icmp: icmp && defined<NonNullable<Rule['icmp']>>({ type: icmp.type, code: input.icmpCode }),
      ports,
      conjunction: 0,
      peer: defined<Rule['peer']>({
        group: peer?.spec.group === undefined ? undefined : shared(`${input.tenant}/${peer.spec.group}`),
        network: peer?.spec.network === undefined ? undefined : shared(`${input.tenant}/${peer.spec.network}`),
        cidrs: peer === undefined || peer.cidrs.length === 0 ? nothing : peer.cidrs,
      }),
    });
  },
  references(rule) {
    const refs: Reference[] = [{ field: 'policy', ref: { kind: 'policy', key: rule.policy } }];
    if (rule.peer.group !== undefined) refs.push({ field: 'peer/group', ref: { kind: 'group', key: rule.peer.group } });
    if (rule.peer.network !== undefined)
      refs.push({ field: 'peer/network', ref: { kind: 'network', key: rule.peer.network } });
    return refs;
  },
};

/** Whether ports and addresses multiply, so that matching them apart may be cheaper. */
export function mayConjoin(rule: Pick<Rule, 'ports' | 'peer'>): boolean {
  return rule.ports.length > 0 && rule.peer.cidrs.length > 1;
}
