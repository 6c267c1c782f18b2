/**
 * The control sockets of Open vSwitch's daemons, as ovs-appctl(8) uses them: `ofproto/trace`, `revalidator/wait`,
 * `dpctl/dump-conntrack`… Each call has a connection of its own, as a daemon serves one command of a connection at a
 * time, and looks up the pid file anew, so that a restarted daemon is simply found.
 */
import { NativeError } from './errors.js';
import { JsonRpc } from './json-rpc.js';

export interface Unixctl {
  /**
   * Runs a command and resolves with its output. Rejects with `rpc_error` (the message is the daemon's own),
   * `unavailable` when the daemon does not run, `timeout`.
   */
  call(command: string, ...args: string[]): Promise<string>;
}

/**
 * The control socket `<rundir>/<target>.<pid>.ctl` whose pid stands in `<rundir>/<target>.pid`.
 * Nothing is opened before a call, and nothing stays open after it.
 */
export function unixctl(
  rundir: string,
  target = 'ovs-vswitchd',
  options: { readonly timeoutMs?: number } = {},
): Unixctl {
  const remote = `unixctl:${rundir}/${target}`;
  const timeoutMs = options.timeoutMs ?? 30_000;
  return { call: (command, ...args) => callOnce(remote, timeoutMs, command, args) };
}

async function callOnce(remote: string, timeoutMs: number, command: string, args: readonly string[]): Promise<string> {
  const name = remote.slice('unixctl:'.length);
  let up = (): void => {};
  let fail = (_error: NativeError): void => {};
  const connected = new Promise<void>((resolve, reject) => {
    up = resolve;
    fail = reject;
  });
  const rpc = new JsonRpc({
    onUp: () => up(),
    onDown: (reason) => fail(new NativeError('unavailable', `${name}: ${reason}`)),
    onNotify: () => {},
    probeMs: 0,
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new NativeError('timeout', `${name}: no answer to ${command} in ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    rpc.connect(remote);
    const result = await Promise.race([connected.then(() => rpc.request(command, args)), late]);
    return typeof result === 'string' ? result : JSON.stringify(result);
  } finally {
    clearTimeout(timer);
    rpc.close();
  }
}
