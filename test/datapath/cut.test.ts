/** Reading what conntrack holds, and the drops for what was cut. */
import { expect, test } from 'vitest';
import { readConntrack } from '../../src/datapath/cut/conntrack-dump.js';
import {
  AddressBook,
  denies,
  deniesEveryPort,
  emptyState,
  judge,
  parseIpv4,
  parseIpv6,
} from '../../src/model/index.js';
import { Batch, formatFlow } from '../../src/openflow/index.js';
import { compileCuts } from '../../src/pipeline/cut.js';
import { flowMessages } from '../pipeline/support.js';

/** As ovs-vswitchd 3.1 prints it. */
const dump = `tcp,orig=(src=10.1.1.1,dst=10.1.1.2,sport=40000,dport=8080),reply=(src=10.1.1.2,dst=10.1.1.1,sport=8080,dport=40000),zone=1,protoinfo=(state=ESTABLISHED)
udp,orig=(src=fd00::1,dst=fd00::2,sport=5000,dport=53),reply=(src=fd00::2,dst=fd00::1,sport=53,dport=5000),zone=2,mark=1
icmp,orig=(src=10.1.1.1,dst=10.1.1.2,id=7,type=8,code=0),reply=(src=10.1.1.2,dst=10.1.1.1,id=7,type=0,code=0),zone=1
icmpv6,orig=(src=fd00::1,dst=fd00::2,id=9,type=128,code=0),reply=(src=fd00::2,dst=fd00::1,id=9,type=129,code=0),zone=1
tcp,orig=(src=10.1.1.1,dst=10.1.1.2,sport=1,dport=2),reply=(src=10.1.1.2,dst=10.1.1.1,sport=2,dport=1),protoinfo=(state=ESTABLISHED)
sctp,orig=(src=10.1.1.1,dst=10.1.1.2,sport=0,dport=0),reply=(src=10.1.1.2,dst=10.1.1.1,sport=0,dport=0),zone=1
tcp,orig=(src=nonsense,dst=10.1.1.2,sport=1,dport=2),zone=1

`;

const v4 = { source: parseIpv4('10.1.1.1')!, destination: parseIpv4('10.1.1.2')! };
const v6 = { source: parseIpv6('fd00::1')!, destination: parseIpv6('fd00::2')! };
const first = { zone: 1, protocol: 6, ...v4, sourcePort: 40_000, destinationPort: 8080 };
const second = { zone: 2, protocol: 17, ...v6, sourcePort: 5000, destinationPort: 53 };

test('connections are read by their first direction; what is in no zone, or not understood, is left out', () => {
  expect(readConntrack(dump)).toEqual([
    first,
    second,
    { zone: 1, protocol: 1, ...v4, sourcePort: 7, destinationPort: 0x800 },
    { zone: 1, protocol: 58, ...v6, sourcePort: 9, destinationPort: 0x8000 },
    { zone: 1, protocol: 132, ...v4, sourcePort: 0, destinationPort: 0 },
  ]);
});

test('a cut connection that is allowed again may begin as it was, and not turned round', () => {
  const batch = new Batch();
  compileCuts(batch, [{ ...first, allowedAgain: true }]);
  const [line = '', ...more] = [...flowMessages(batch.bytes())].map((message) => formatFlow(message));
  expect(more).toEqual([]);
  expect(line).toContain('ct_nw_src=10.1.1.2,ct_nw_dst=10.1.1.1,ct_nw_proto=6,ct_tp_src=8080,ct_tp_dst=40000');
});

test('SCTP without ports is all between two addresses', () => {
  const batch = new Batch();
  compileCuts(batch, [{ zone: 1, protocol: 132, ...v4, sourcePort: 0, destinationPort: 0 }]);
  const text = [...flowMessages(batch.bytes())].map((message) => formatFlow(message));
  expect(text.map((line) => line.replace(/^.*priority=400,/, ''))).toEqual([
    'ct_state=+new+trk,ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_nw_proto=132,ip,reg1=0x1/0xffff actions=drop',
    'ct_state=+new+trk,ct_nw_src=10.1.1.2,ct_nw_dst=10.1.1.1,ct_nw_proto=132,ip,reg1=0x1/0xffff actions=drop',
  ]);
});

const allow = { action: 'allow', protocol: 'sctp', priority: 5 };
const deny = { action: 'deny', protocol: 'sctp', priority: 9 };
test.each<[string, Record<string, unknown>[], boolean]>([
  ['the default', [], true],
  ['a rule for one port', [{ ...allow, ports: [3868] }], false],
  ['a rule for the last port', [{ ...allow, ports: [65_535] }], false],
  ['rules of another protocol', [{ ...allow, protocol: 'tcp', ports: [3868] }], true],
  [
    'a denial of that port',
    [
      { ...allow, ports: [3868] },
      { ...deny, ports: ['3000-4000'] },
    ],
    true,
  ],
  [
    'a denial of some',
    [
      { ...allow, ports: ['3000-4000'] },
      { ...deny, ports: ['3001-4000'] },
    ],
    false,
  ],
  ['a denial of all but the last', [{ ...allow }, { ...deny, ports: ['1-65534'] }], false],
  ['a denial of all', [{ ...allow }, { ...deny, ports: ['1-65535'] }], true],
])('whether any port is left: %s', (_what, rules, denied) => {
  const judged = judge(emptyState(), {
    put: [
      { kind: 'tenant', name: 't' },
      { kind: 'network', tenant: 't', name: 'n', vni: 1 },
      { kind: 'policy', tenant: 't', name: 'p' },
      { kind: 'group', tenant: 't', name: 'g', policies: ['p'], defaultAction: 'deny' },
      { kind: 'endpoint', id: 'e', tenant: 't', network: 'n', group: 'g', mac: '02:00:00:00:00:01', ipv4: '10.1.1.2' },
      ...rules.map((rule, id) => ({ kind: 'rule', tenant: 't', policy: 'p', id: `${id}`, direction: 'in', ...rule })),
    ],
  });
  if (!judged.ok) throw new Error(JSON.stringify(judged.problems));
  const { state } = judged.accepted;
  const ends = new AddressBook(state, 't');
  const connection = { source: ends.end(v4.source), destination: ends.end(v4.destination), protocol: 132 };
  expect(deniesEveryPort(state, connection)).toBe(denied);
  // What it stands for, asked port by port.
  const each = Array.from({ length: 65_535 }, (_, i) => denies(state, { ...connection, port: i + 1 }));
  expect(each.every(Boolean)).toBe(denied);
});

test('a cut connection may begin in neither orientation', () => {
  const batch = new Batch();
  compileCuts(batch, [first, second]);
  const text = [...flowMessages(batch.bytes())].map((message) => formatFlow(message));
  expect(text.map((line) => line.replace(/^.*priority=400,/, ''))).toEqual([
    'ct_state=+new+trk,ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_nw_proto=6,ct_tp_src=40000,ct_tp_dst=8080,ip,reg1=0x1/0xffff actions=drop',
    'ct_state=+new+trk,ct_nw_src=10.1.1.2,ct_nw_dst=10.1.1.1,ct_nw_proto=6,ct_tp_src=8080,ct_tp_dst=40000,ip,reg1=0x1/0xffff actions=drop',
    'ct_state=+new+trk,ct_ipv6_src=fd00::1,ct_ipv6_dst=fd00::2,ct_nw_proto=17,ct_tp_src=5000,ct_tp_dst=53,ipv6,reg1=0x2/0xffff actions=drop',
    'ct_state=+new+trk,ct_ipv6_src=fd00::2,ct_ipv6_dst=fd00::1,ct_nw_proto=17,ct_tp_src=53,ct_tp_dst=5000,ipv6,reg1=0x2/0xffff actions=drop',
  ]);
});
