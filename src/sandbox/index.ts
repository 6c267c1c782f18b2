/** The room's face: a private Open vSwitch (sandbox.ts) and, for root, a laboratory of hosts and workloads (lab.ts). */
export { CommandError, MissingToolError, run, until } from './exec.js';
export { openEntries, sweep } from './registry.js';
export { startSandbox, type DatapathKind, type Sandbox, type SandboxOptions } from './sandbox.js';
