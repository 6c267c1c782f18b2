// A private switch with a few named ports, tables, a meter and groups, for comparing what it dumps with what we wrote.
// Neighbours: src/sandbox starts it, wire.ts talks to it; the table tests use it.
// Invariant: every call leaves the switch as it would be for the next; stop() ends what was started.

import { existsSync } from 'node:fs';
import type { Names, Numbers } from '../../../src/openflow/index.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { Wire, type WireError } from './wire.js';

/** Why the tests that need a switch are skipped, or undefined. */
export const noSwitch = ['/usr/sbin/ovs-vswitchd', '/usr/bin/ovs-ofctl'].every((path) => existsSync(path))
  ? undefined
  : 'Open vSwitch is not installed';

const bridge = 'br0';

/** Names that need quotes and names that do not. */
const ports: Readonly<Record<number, string>> = { 1: 'p1', 2: 'p-2', 3: '9eth', 4: 'a_b', 9: 'vx0' };
const tables: Readonly<Record<number, string>> = { 7: 'classify', 8: 'a-b' };

export const names: Names = { port: (n) => ports[n], table: (n) => tables[n] };
export const numbers: Numbers = { port: (name) => numberOf(ports, name), table: (name) => numberOf(tables, name) };

function numberOf(known: Readonly<Record<number, string>>, name: string): number | undefined {
  const found = Object.entries(known).find(([, value]) => value === name);
  return found === undefined ? undefined : Number(found[0]);
}

/** What became of one message. */
export interface Outcome {
  readonly refused: readonly WireError[];
  /** As dumped, turned back into the message. */
  readonly bytes: Uint8Array | undefined;
  /** ovs-ofctl's line, without its leading space. */
  readonly line: string | undefined;
}

export class TestSwitch {
  readonly #sandbox: Sandbox;
  readonly wire: Wire;

  private constructor(sandbox: Sandbox, wire: Wire) {
    this.#sandbox = sandbox;
    this.wire = wire;
  }

  static async start(): Promise<TestSwitch> {
    const sandbox = await startSandbox({ datapath: 'dummy' });
    const devices = Object.entries(ports).flatMap(([ofport, name]) => [
      ...['--', 'add-port', bridge, name, '--', 'set', 'interface', name, `ofport_request=${ofport}`],
      ...(name === 'vx0'
        ? ['type=vxlan', 'options:remote_ip=flow', 'options:local_ip=flow', 'options:key=flow', 'options:exts=gbp']
        : ['type=dummy']),
    ]);
    const tableRows = Object.entries(tables).flatMap(([id, name]) => [
      ...['--', `--id=@t${id}`, 'create', 'Flow_Table', `name="${name}"`],
      ...['--', 'set', 'bridge', bridge, `flow_tables:${id}=@t${id}`],
    ]);
    await sandbox.vsctl(
      'add-br',
      bridge,
      '--',
      'set',
      'bridge',
      bridge,
      'datapath_type=dummy',
      'fail_mode=secure',
      ...devices,
      ...tableRows,
    );
    await sandbox.ofctl(['add-meter', bridge, 'meter=1,kbps,band=type=drop,rate=100']);
    await sandbox.ofctl(['add-group', bridge, 'group_id=1,type=all,bucket=output:1']);
    return new TestSwitch(sandbox, await Wire.connect(sandbox.mgmt(bridge).slice('unix:'.length)));
  }

  async stop(): Promise<void> {
    this.wire.close();
    await this.#sandbox.stop();
  }

  async #lines(command: 'dump-flows' | 'dump-groups'): Promise<string[]> {
    const stdout = await this.#sandbox.ofctl([
      ...(command === 'dump-flows' ? ['--no-stats'] : []),
      '--names',
      command,
      bridge,
    ]);
    return stdout
      .split('\n')
      .filter((line) => line.startsWith(' '))
      .map((line) => line.slice(1));
  }

  /** Adds each flow mod; flows are told apart by their cookies. */
  async addFlows(flows: readonly Uint8Array[]): Promise<Outcome[]> {
    const refused = await this.#send(flows);
    const dumped = new Map((await this.wire.flows()).map((bytes) => [cookieOf(bytes), bytes]));
    const lines = new Map(
      (await this.#lines('dump-flows')).map((line) => [BigInt(/cookie=(0x[0-9a-f]+)/.exec(line)?.[1] ?? '0'), line]),
    );
    return flows.map((flow, i) => {
      const cookie = cookieOf(flow);
      return { refused: refused[i] ?? [], bytes: dumped.get(cookie), line: lines.get(cookie) };
    });
  }

  /** Adds each group mod; groups are told apart by their ids. */
  async addGroups(groups: readonly Uint8Array[]): Promise<Outcome[]> {
    const refused = await this.#send(groups);
    const dumped = new Map((await this.wire.groups()).map((bytes) => [groupOf(bytes), bytes]));
    const lines = new Map(
      (await this.#lines('dump-groups')).map((line) => [Number(/group_id=(\d+)/.exec(line)?.[1]), line]),
    );
    return groups.map((group, i) => {
      const id = groupOf(group);
      return { refused: refused[i] ?? [], bytes: dumped.get(id), line: lines.get(id) };
    });
  }

  /** Adds each meter mod; meters are told apart by their ids. A line is all that ovs-ofctl prints of one. */
  async addMeters(meters: readonly Uint8Array[]): Promise<Outcome[]> {
    const refused = await this.#send(meters);
    const dumped = new Map((await this.wire.meters()).map((bytes) => [groupOf(bytes), bytes]));
    const text = await this.#sandbox.ofctl(['dump-meters', bridge]);
    const lines = text.split(/(?=^meter=)/m).map((each) => each.trim().replaceAll('\n', ' '));
    const byId = new Map(lines.map((line) => [Number(/^meter=(\d+)/.exec(line)?.[1]), line]));
    return meters.map((meter, i) => {
      const id = groupOf(meter);
      return { refused: refused[i] ?? [], bytes: dumped.get(id), line: byId.get(id) };
    });
  }

  async #send(messages: readonly Uint8Array[]): Promise<(readonly WireError[])[]> {
    const refused: (readonly WireError[])[] = [];
    for (const message of messages) refused.push(await this.wire.send(message));
    return refused;
  }
}

function cookieOf(flowMod: Uint8Array): bigint {
  return new DataView(flowMod.buffer, flowMod.byteOffset).getBigUint64(8);
}

/** The id of a group or meter; both have it at the same place. */
function groupOf(mod: Uint8Array): number {
  return new DataView(mod.buffer, mod.byteOffset).getUint32(12);
}

export function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined
    ? undefined
    : Buffer.from(bytes)
        .toString('hex')
        .replaceAll(/(.{16})/g, '$1 ')
        .trim();
}
