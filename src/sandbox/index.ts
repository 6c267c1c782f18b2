/** The room's face: a private Open vSwitch (sandbox.ts) and, for root, a laboratory of hosts and workloads (lab.ts). */
export type { Capture } from './capture.js';
export { CommandError, MissingToolError, run, until } from './exec.js';
export { createLab, type Lab, type LabHost } from './lab.js';
export type { PingOptions, PingResult, RunningPing } from './ping.js';
export type { Opened } from './probe.js';
export { openEntries, sweep } from './registry.js';
export { startSandbox, type DatapathKind, type Sandbox, type SandboxOptions } from './sandbox.js';
export { Workload, type Subscription, type TcpVerdict, type UdpVerdict, type WorkloadOptions } from './workload.js';
