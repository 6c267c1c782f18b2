/**
 * The switch under measurement: a private vswitchd on the dummy datapath, new for every run.
 * Neighbours: src/sandbox starts it. Invariant: a run never meets the flows, the memory or the deferred frees of another.
 */
import { readFileSync } from 'node:fs';
import { type DatapathKind, run, type Sandbox, startSandbox } from '../src/sandbox/index.js';

const ticksPerSecond = 100;

export interface Where {
  readonly datapath?: DatapathKind;
  /** Ports of the bridge: devices of their own kind on the dummy datapath, veth ends on the userspace one. */
  readonly ports?: number;
}

export class BenchSwitch {
  readonly bridge = 'br0';
  readonly sandbox: Sandbox;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  static async start({ datapath = 'dummy', ports = 0 }: Where = {}): Promise<BenchSwitch> {
    const made = new BenchSwitch(await startSandbox({ datapath }));
    const settings = [`datapath_type=${datapath}`, 'fail_mode=secure', 'protocols=OpenFlow15'];
    await made.sandbox.vsctl('add-br', made.bridge, '--', 'set', 'bridge', made.bridge, ...settings);
    if (ports > 0) await made.#addPorts(ports);
    return made;
  }

  async #addPorts(count: number): Promise<void> {
    const names = Array.from({ length: count }, (_, i) => `p${i}`);
    const { kind, netns } = this.sandbox;
    if (kind === 'netdev' && netns !== undefined) {
      const lines = names.map((name) => `link add ${name} up type veth peer name ${name}x`);
      await run('ip', ['-n', netns, '-batch', '-'], { input: `${lines.join('\n')}\n`, timeoutMs: 60_000 });
    }
    const device = (name: string) => (kind === 'dummy' ? ['--', 'set', 'interface', name, 'type=dummy'] : []);
    // vswitchd takes longer than ovs-vsctl waits: it is asked until it has them.
    await this.sandbox.vsctl(
      '--no-wait',
      ...names.flatMap((name) => ['--', 'add-port', this.bridge, name, ...device(name)]),
    );
    for (;;) {
      const said = await this.sandbox.ofctl(['dump-ports-desc', this.bridge]);
      if ((said.match(/addr:/g) ?? []).length > count) return;
    }
  }

  /** Another bridge of the same vswitchd, for whoever would be somebody else to an engine; answers its remote. */
  async beside(bridge: string): Promise<string> {
    const settings = ['datapath_type=dummy', 'fail_mode=secure', 'protocols=OpenFlow15'];
    await this.sandbox.vsctl('add-br', bridge, '--', 'set', 'bridge', bridge, ...settings);
    return this.sandbox.mgmt(bridge);
  }

  get remote(): string {
    return this.sandbox.mgmt(this.bridge);
  }

  /** A new vswitchd process: the bridge is there, empty. */
  async fresh(): Promise<void> {
    await this.sandbox.killVswitchd('SIGKILL');
    await this.sandbox.startVswitchd();
  }

  /** Without flows, and as quick as it was: the memory of those that were deleted has been given back. */
  async empty(): Promise<void> {
    await this.sandbox.ofctl(['del-flows', this.bridge]);
    await this.expectFlows(0);
  }

  /** The most memory that this vswitchd process has had, in bytes. */
  peakBytes(): number {
    const status = readFileSync(`/proc/${this.sandbox.vswitchdPid ?? 0}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? NaN) * 1024;
  }

  /** Processor time that this vswitchd process has taken, which other work on the machine disturbs less than the clock. */
  cpuSeconds(): number {
    const [, after = ''] = readFileSync(`/proc/${this.sandbox.vswitchdPid ?? 0}/stat`, 'utf8').split(') ');
    const [user, system] = after.split(' ').slice(11, 13).map(Number);
    return ((user ?? NaN) + (system ?? NaN)) / ticksPerSecond;
  }

  /** How many flows the switch says it has. */
  async flowCount(): Promise<number> {
    const said = await this.sandbox.ofctl(['dump-aggregate', this.bridge]);
    return Number(/flow_count=(\d+)/.exec(said)?.[1] ?? NaN);
  }

  async expectFlows(wanted: number): Promise<void> {
    const found = await this.flowCount();
    if (found !== wanted) throw new Error(`the switch has ${found} flows, ${wanted} were sent`);
  }

  /** All flows as text that ovs-ofctl reads back, one a line. */
  async dump(): Promise<string> {
    const said = await this.sandbox.ofctl(['--no-stats', 'dump-flows', this.bridge], { timeoutMs: 60_000 });
    return said.replace(/^ /gm, '');
  }

  /** The best a caller of ovs-ofctl gets: the whole file in one bundle. Answers seconds, its start-up included. */
  async ofctlAddFlows(text: string): Promise<number> {
    const begun = performance.now();
    await this.sandbox.ofctl(['--bundle', 'add-flows', this.bridge, '-'], { input: text, timeoutMs: 120_000 });
    return (performance.now() - begun) / 1000;
  }

  stop(): Promise<void> {
    return this.sandbox.stop();
  }
}

/** A dump shows the order in which a table was filled, which over several connections is not always the same. */
export function sameFlows(dump: string, other: string): boolean {
  const inOrder = (text: string): string => text.split('\n').toSorted().join('\n');
  return inOrder(dump) === inOrder(other);
}
