/**
 * A controller on a private Open vSwitch with the dummy datapath. Neighbours: every test of this folder.
 */
import { DatapathController } from '../../src/datapath/controller.js';
import type { DatapathEvent } from '../../src/datapath/face.js';
import { restore, type State } from '../../src/model/index.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/index.js';
import { memoryStore, type Store } from '../../src/store/index.js';
import { clock, silent } from '../support/quiet.js';

export interface Host {
  readonly sandbox: Sandbox;
  readonly controller: DatapathController;
  readonly events: DatapathEvent[];
  /** Stop the controller and start another on the same store and switch, as after a crash. */
  restart(): Promise<Host>;
  stop(): Promise<void>;
}

export async function startHost(): Promise<Host> {
  const sandbox = await startSandbox({ datapath: 'dummy' });
  return onSwitch(sandbox, memoryStore());
}

async function onSwitch(sandbox: Sandbox, store: Store): Promise<Host> {
  const { objects, generation } = await store.load();
  const state: State = restore(objects, generation).state;
  const options = {
    store,
    state,
    database: sandbox.remote,
    rundir: sandbox.rundir,
    log: silent,
    clock,
    patienceMs: 20_000,
  };
  const controller = new DatapathController(options);
  const events: DatapathEvent[] = [];
  controller.subscribe((event) => events.push(event));
  if (state.settings.datapathType !== 'dummy') {
    await controller.apply({ put: [{ kind: 'settings', datapathType: 'dummy' }] }, 'accepted');
  }
  controller.start();
  await controller.settled();
  return {
    sandbox,
    controller,
    events,
    async restart() {
      await controller.stop();
      return onSwitch(sandbox, store);
    },
    async stop() {
      await controller.stop();
      await sandbox.stop();
    },
  };
}

/** The settings of the example, on the dummy datapath. */
export function onDummy(objects: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return objects.map((object) => (object['kind'] === 'settings' ? { ...object, datapathType: 'dummy' } : object));
}

/** What the switch's own tool prints, sorted. */
export async function ofctlLines(sandbox: Sandbox, bridge = 'br-sluice'): Promise<string[]> {
  const text = await sandbox.ofctl(['-O', 'OpenFlow15', '--no-stats', '--names', 'dump-flows', sandbox.mgmt(bridge)]);
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .toSorted();
}
