/**
 * The switch under measurement: a private vswitchd on the dummy datapath, new for every run.
 * Neighbours: src/sandbox starts it. Invariant: a run never meets the flows, the memory or the deferred frees of another.
 */
import { type Sandbox, startSandbox } from '../src/sandbox/index.js';

export class BenchSwitch {
  readonly bridge = 'br0';
  readonly sandbox: Sandbox;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  static async start(): Promise<BenchSwitch> {
    const made = new BenchSwitch(await startSandbox({ datapath: 'dummy' }));
    const settings = ['datapath_type=dummy', 'fail_mode=secure', 'protocols=OpenFlow15'];
    await made.sandbox.vsctl('add-br', made.bridge, '--', 'set', 'bridge', made.bridge, ...settings);
    return made;
  }

  get remote(): string {
    return this.sandbox.mgmt(this.bridge);
  }

  /** A new vswitchd process: the bridge is there, empty. */
  async fresh(): Promise<void> {
    await this.sandbox.killVswitchd('SIGKILL');
    await this.sandbox.startVswitchd();
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
