/** The packet lane against a real ovs-vswitchd: packets in, packets out, forgotten connections, and a switch that goes away. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { PacketLane, type ConnectionTuple, type PacketIn } from '../../src/native/index.js';
import { flow, flowInstructions, flowMatch } from '../../src/openflow/index.js';
import { startSandbox, until, type Sandbox } from '../../src/sandbox/index.js';

let sandbox: Sandbox;
let lane: PacketLane;
let packets: PacketIn[];
let ups: number;
let downs: string[];

const bridge = 'br-test';

beforeAll(async () => {
  sandbox = await startSandbox({ datapath: 'dummy' });
  await sandbox.vsctl(
    ...[
      'add-br',
      bridge,
      '--',
      'set',
      'bridge',
      bridge,
      'datapath_type=dummy',
      'fail_mode=secure',
      'protocols=OpenFlow15',
    ],
    ...['--', 'add-port', bridge, 'p1', '--', 'set', 'interface', 'p1', 'type=dummy', 'ofport_request=1'],
  );
});
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.ofctl(['del-flows', bridge]);
  [packets, ups, downs] = [[], 0, []];
  lane = new PacketLane({
    onPacketIn: (packet) => packets.push(packet),
    onUp: () => ups++,
    onDown: (reason) => downs.push(reason),
  });
  lane.connect(sandbox.mgmt(bridge));
  await until('the lane is up', () => ups > 0);
  // Answered after what the lane asked for at its start: from here on packets are handed over.
  await lane.flushConntrack([tuple(1)]);
});
afterEach(() => lane.close());

const tuple = (sourcePort: number): ConnectionTuple => ({
  zone: 5,
  protocol: 17,
  source: Uint8Array.of(10, 0, 0, 1),
  destination: Uint8Array.of(10, 0, 0, 2),
  sourcePort,
  destinationPort: 53,
});

const udp = (sourcePort: number): string =>
  'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),' +
  `ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=${sourcePort},dst=53)`;
const receive = (packet: string) => sandbox.appctl('netdev-dummy/receive', 'p1', packet);

/** A packet-out, written as a flow. */
function out(message: Uint8Array, packet: Uint8Array): void {
  lane.packetOut({ fields: flowMatch(message), actions: flowInstructions(message).subarray(8), packet });
}

test('a packet comes with its registers, userdata and the owner of its flow', async () => {
  const actions = 'set_field:0xabcd->reg3,set_field:7->reg14,controller(userdata=02.09)';
  await sandbox.ofctl(['add-flow', bridge, `table=0,cookie=0x0500000001000000,actions=${actions}`]);
  await receive(udp(7));
  await until('a packet', () => packets.length > 0);
  expect(packets[0]).toMatchObject({ table: 0, owner: 5 * 2 ** 32 + 1, inPort: 1 });
  expect(packets[0]?.registers).toEqual([0, 0, 0, 0xabcd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
  expect([...(packets[0]?.userdata ?? [])]).toEqual([2, 9]);
  expect(Buffer.from(packets[0]?.packet ?? []).toString('hex')).toMatch(/^0200000000020200000000010800/);
});

test('a packet of ours runs through the tables with the fields it was given', async () => {
  await sandbox.ofctl(['add-flow', bridge, 'table=4,reg2=0x55,in_port=1,actions=controller(userdata=01)']);
  const frame = new Uint8Array(60).fill(1);
  out(flow`in_port=1, reg2=0x55, actions=resubmit(,4)`, frame);
  out(flow`in_port=1, reg2=0x56, actions=resubmit(,4)`, frame);
  out(flow`in_port=1, actions=set_field:0x55->reg2, resubmit(,4)`, frame);
  await until('two packets', () => packets.length >= 2);
  expect(packets.map(({ packet }) => packet.length)).toEqual([60, 60]);
  expect(await lane.counts()).toMatchObject({ sent: 3, sentDropped: 0, refused: 0, received: 2 });
});

test('a packet that the switch refuses is counted', async () => {
  out(flow`in_port=1, actions=resubmit(,4)`, new Uint8Array(60));
  lane.packetOut({ fields: new Uint8Array(), actions: new Uint8Array(8).fill(0xee), packet: new Uint8Array(60) });
  lane.packetOut({ fields: new Uint8Array(), actions: new Uint8Array(), packet: new Uint8Array(65_530) });
  await lane.flushConntrack([tuple(1)]);
  expect(await lane.counts()).toMatchObject({ sent: 2, sentDropped: 1, refused: 1 });
});

test('a connection is forgotten, and no other', async () => {
  await sandbox.ofctl(['add-flow', bridge, 'table=0,ip,actions=ct(commit,zone=5)']);
  for (const port of [40_000, 40_001, 40_002]) await receive(udp(port));
  const entries = async (): Promise<number[]> => {
    const text = await sandbox.appctl('dpctl/dump-conntrack', 'zone=5');
    return [...text.matchAll(/dst=10.0.0.2,sport=(\d+)/g)].map(([, port]) => Number(port)).toSorted((x, y) => x - y);
  };
  await expect.poll(entries).toEqual([40_000, 40_001, 40_002]);
  await lane.flushConntrack([tuple(40_001), tuple(50_000)]);
  expect(await entries()).toEqual([40_000, 40_002]);
  // More than one message takes at once, and all of them are done when it resolves.
  await lane.flushConntrack(Array.from({ length: 10_000 }, (_, i) => tuple(35_000 + i)));
  expect(await entries()).toEqual([]);
});

test('without a switch nothing waits: packets are dropped, requests refused; with a new one all works again', async () => {
  await sandbox.killVswitchd('SIGKILL');
  await until('the lane is down', () => downs.length > 0);
  out(flow`in_port=1, actions=resubmit(,4)`, new Uint8Array(60));
  await expect(lane.flushConntrack([tuple(1)])).rejects.toMatchObject({ code: 'unavailable' });
  expect(await lane.counts()).toMatchObject({ sentDropped: 1 });
  await sandbox.startVswitchd();
  await until('the lane is up again', () => ups === 2, { timeoutMs: 15_000 });
  await lane.flushConntrack([tuple(1)]);
  await sandbox.ofctl(['add-flow', bridge, 'table=0,actions=controller(userdata=03)']);
  await receive(udp(9));
  await until('a packet', () => packets.length > 0);
});

test('a flood of packets is bounded while JavaScript is busy', async () => {
  await sandbox.ofctl(['add-flow', bridge, 'table=4,actions=controller(userdata=04)']);
  const frame = new Uint8Array(200);
  for (let i = 0; i < 2000; i++) out(flow`in_port=1, actions=resubmit(,4)`, frame);
  const busyUntil = performance.now() + 500;
  while (performance.now() < busyUntil);
  // Nothing was taken meanwhile. The switch has a bound of its own before ours.
  const { received } = await lane.counts();
  expect(received).toBeGreaterThan(0);
  expect(received).toBeLessThanOrEqual(256);
  await until('what was kept has come', () => packets.length >= received);
  await sandbox.ofctl(['add-flow', bridge, 'table=0,actions=controller(userdata=01)']);
  await expect
    .poll(async () => {
      await receive(udp(3));
      return packets.some(({ table }) => table === 0);
    })
    .toBe(true);
});
