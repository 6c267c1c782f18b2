/**
 * A real vswitchd with the ports of every generated host, on the dummy datapath: load a state, trace a frame.
 * Neighbours: trace.test.ts compares, wording.ts speaks ofproto/trace's language.
 */
import { Engine, unixctl } from '../../src/native/index.js';
import { startSandbox } from '../../src/sandbox/index.js';
import { tunnelPort, uplinkPort, workloadPorts } from './ports.js';

const bridge = 'br-int';

export interface RealSwitch {
  /** Replace everything on the switch by this batch; throws when a flow is refused. */
  load(batch: Uint8Array): Promise<void>;
  /** What ofproto/trace prints. */
  trace(flow: string, ctNext: string): Promise<string>;
  /** Who is behind the cookie of a flow that several want. */
  owners(sharedId: number): Promise<readonly number[]>;
  stop(): Promise<void>;
}

function port(name: string, ofport: number, ...settings: string[]): string[] {
  return ['--', 'add-port', bridge, name, '--', 'set', 'interface', name, `ofport_request=${ofport}`, ...settings];
}

export async function startReal(): Promise<RealSwitch> {
  const sandbox = await startSandbox({ datapath: 'dummy' });
  try {
    await sandbox.vsctl(
      ...['add-br', bridge, '--', 'set', 'bridge', bridge, 'datapath_type=dummy', 'fail_mode=secure'],
      ...['protocols=[OpenFlow15]'],
      ...Array.from({ length: workloadPorts }, (_, i) => port(`w${i + 1}`, i + 1)).flat(),
      ...port('uplink', uplinkPort),
      ...port('vxlan', tunnelPort, 'type=vxlan', 'options:remote_ip=flow', 'options:key=flow', 'options:local_ip=flow'),
    );
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
  const engine = new Engine({ onEvent: () => {} });
  engine.connect(sandbox.mgmt(bridge));
  const control = unixctl(sandbox.rundir);
  return {
    async load(batch) {
      const { quarantined } = await engine.commit(batch, { full: true });
      const [first] = quarantined;
      if (first) throw new Error(`the switch refused a flow of owner ${first.owner}: ${first.error}`);
    },
    trace: (flow, ctNext) => control.call('ofproto/trace', bridge, flow, '--ct-next', ctNext),
    owners: (sharedId) => engine.owners(sharedId),
    async stop() {
      await engine.close();
      await sandbox.stop();
    },
  };
}
