// Random flows that are valid: protocols with fields that fit them, values, masks and actions.
// Neighbours: properties.test.ts, switch.test.ts.
// Invariant: every text made here is one that vswitchd accepts.

import fc, { type Arbitrary } from 'fast-check';

const uint = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
const number = (bits: number) => uint(bits).map(String);

/** `value/mask` with a mask that is neither empty nor full, or a plain value. */
function maybeMasked(bits: number): Arbitrary<string> {
  const mask = fc.bigInt({ min: 1n, max: (1n << BigInt(bits)) - 2n });
  const masked = fc.tuple(uint(bits), mask).map(([v, m]) => `0x${(v & m).toString(16)}/0x${m.toString(16)}`);
  return fc.oneof(number(bits), masked);
}

const byte = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
const network = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([ip, length]) => `${ip}/${length}`);
const mac = fc
  .array(byte, { minLength: 6, maxLength: 6 })
  .map((b) => b.map((x) => x.toString(16).padStart(2, '0')).join(':'));
const maskedMac = fc.oneof(
  mac,
  fc.tuple(mac, mac).map(([value, mask]) => `${value}/${mask}`),
);
// Zero groups are frequent, because they are what `::` stands for.
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
const ipv6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((g) => g.map((x) => x.toString(16)).join(':'));
const network6 = fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([ip, length]) => `${ip}/${length}`);
const address = fc.oneof(ipv4, network);
const address6 = fc.oneof(ipv6, network6);

type Fields = Readonly<Record<string, Arbitrary<string>>>;

function some(fields: Fields): Arbitrary<string[]> {
  const entries = Object.entries(fields).map(([name, value]) =>
    fc.option(
      value.map((text) => `${name}=${text}`),
      { freq: 2 },
    ),
  );
  return fc.tuple(...entries).map((texts) => texts.filter((text) => text !== null));
}

const anywhere: Fields = {
  in_port: fc.constantFrom('1', '2', '9', 'LOCAL', '1000'),
  dl_src: maskedMac,
  dl_dst: maskedMac,
  metadata: maybeMasked(64),
  pkt_mark: maybeMasked(32),
  ...Object.fromEntries([0, 1, 2, 5, 9, 14, 15].map((n) => [`reg${n}`, maybeMasked(32)])),
  tun_id: maybeMasked(64),
  tun_src: address,
  tun_ipv6_dst: address6,
  ct_zone: number(16),
  ct_mark: maybeMasked(32),
  ct_label: maybeMasked(128),
  conj_id: number(32),
};
const none = fc.constant<string[]>([]);
const tag: Arbitrary<string[]> = fc.oneof(
  none,
  none.map(() => ['vlan_tci=0x0000/0x1000']),
  fc.integer({ min: 0, max: 4095 }).map((id) => [`dl_vlan=${id}`]),
  fc
    .tuple(fc.integer({ min: 0, max: 4095 }), fc.integer({ min: 0, max: 7 }))
    .map(([id, pcp]) => [`dl_vlan=${id}`, `dl_vlan_pcp=${pcp}`]),
);
const ipFields: Fields = {
  nw_ttl: number(8),
  nw_ecn: number(2),
  ip_dscp: number(6),
  // Later fragments have no ports to match.
  nw_frag: fc.constantFrom('no', 'yes', 'first', 'not_later'),
};
const v4: Fields = { ...ipFields, nw_src: address, nw_dst: address };
const v6: Fields = { ...ipFields, ipv6_src: address6, ipv6_dst: address6, ipv6_label: maybeMasked(20) };
const ports: Fields = { tp_src: maybeMasked(16), tp_dst: maybeMasked(16) };
const tuple: Fields = { ct_tp_src: maybeMasked(16), ct_tp_dst: maybeMasked(16) };

function protocol(name: string, fields: Fields): Arbitrary<string[]> {
  return some(fields).map((texts) => [name, ...texts]);
}

const tracked = (fields: Fields): Arbitrary<string[]> =>
  some(fields).map((texts) => ['ct_state=+trk-inv', 'ct_nw_proto=6', ...texts]);

const packet: Arbitrary<string[]> = fc.oneof(
  none,
  protocol('arp', { arp_op: number(8), arp_spa: address, arp_tpa: address, arp_sha: maskedMac, arp_tha: maskedMac }),
  ...['tcp', 'udp', 'sctp'].map((name) => protocol(name, { ...v4, ...ports })),
  ...['tcp6', 'udp6', 'sctp6'].map((name) => protocol(name, { ...v6, ...ports })),
  protocol('tcp', { ...v4, tcp_flags: fc.constantFrom('+syn-ack', 'rst', '0', '+fin', '-psh') }),
  protocol('icmp', { ...v4, icmp_type: number(8), icmp_code: number(8) }),
  protocol('icmp6', { ...v6, icmp_type: number(8), icmp_code: number(8) }),
  protocol('icmp6,icmp_type=135,icmp_code=0', {
    ...v6,
    nd_target: address6,
    nd_sll: maskedMac,
    nd_reserved: number(32),
  }),
  protocol('icmp6,icmp_type=136,icmp_code=0', {
    ...v6,
    nd_target: address6,
    nd_tll: maskedMac,
    nd_options_type: number(8),
  }),
  fc
    .tuple(protocol('ip', v4), tracked({ ...tuple, ct_nw_src: address, ct_nw_dst: address }))
    .map((parts) => parts.flat()),
  fc
    .tuple(protocol('ipv6', v6), tracked({ ...tuple, ct_ipv6_src: address6, ct_ipv6_dst: address6 }))
    .map((parts) => parts.flat()),
  tracked(tuple),
);

const simpleAction: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'output:1',
    'output:2',
    'NORMAL',
    'IN_PORT',
    'LOCAL',
    'output:reg3',
    'output:reg1[0..15]',
    'CONTROLLER:100',
  ),
  fc.constantFrom('resubmit(,9)', 'resubmit(2,8)', 'resubmit:1', 'ct_clear', 'exit', 'push_vlan:0x8100', 'note:01.02'),
  maybeMasked(32).map((v) => `set_field:${v}->reg7`),
  maybeMasked(64).map((v) => `set_field:${v}->metadata`),
  maybeMasked(128).map((v) => `set_field:${v}->xxreg2`),
  number(12).map((v) => `load:${v}->reg4[4..15]`),
  maskedMac.filter((v) => !v.endsWith('/00:00:00:00:00:00')).map((v) => `set_field:${v}->eth_src`),
  ipv6.map((v) => `set_field:${v}->tun_ipv6_dst`),
  fc.tuple(number(5), number(5)).map(([a, b]) => `move:reg0[${a}]->xreg6[${b}]`),
  number(16).map((v) => `check_pkt_larger(${v})->reg9[3]`),
  fc
    .tuple(number(16), number(8), number(32))
    .map(([p, t, c]) => `learn(table=${Number(t) % 254},priority=${p},cookie=${c},reg1=${c})`),
);
const ipAction: Arbitrary<string> = fc.oneof(
  fc.constantFrom('dec_ttl', 'ct(commit)', 'ct(nat,table=3)'),
  number(16).map((zone) => `ct(commit,zone=${zone},exec(set_field:${zone}->ct_mark))`),
  maybeMasked(128).map((label) => `ct(commit,zone=reg1[0..15],exec(set_field:${label}->ct_label))`),
);
const nested = (action: Arbitrary<string>) =>
  fc.oneof(
    { weight: 4, arbitrary: action },
    { weight: 1, arbitrary: fc.array(action, { maxLength: 3 }).map((list) => `clone(${list.join(',')})`) },
  );

/** A whole flow but for its cookie and priority. */
export const flowText: Arbitrary<string> = fc
  .tuple(packet, some(anywhere), tag)
  .chain(([protocolTexts, others, tagTexts]) => {
    const fields = [...protocolTexts, ...others, ...tagTexts];
    const isIp = /^(ip|tcp|udp|sctp|icmp)/.test(protocolTexts[0] ?? '');
    const action = nested(isIp ? fc.oneof(simpleAction, ipAction) : simpleAction);
    const ending = fc.constantFrom('', ',goto_table:9', ',write_metadata:5/0xff,goto_table:200');
    return fc
      .tuple(fc.array(action, { minLength: 1, maxLength: 4 }), ending)
      .map(([actions, end]) => [...fields, `actions=${actions.join(',')}${end}`].join(','));
  });
