/**
 * Where things are when nobody says otherwise: the socket, the state, Open vSwitch's run directory.
 * Neighbours: load.ts for the daemon, src/cli for its callers; both must come to the same socket.
 * Invariant: root uses the system's directories, anybody else their own; nothing is ever put in a shared /tmp.
 */

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
}

export const systemSocket = '/run/sluice/sluice.sock';
export const defaultConfigFile = '/etc/sluice/config.yaml';
export const defaultRundir = '/var/run/openvswitch';

function userDir({ env, uid }: Surroundings): string {
  const state = env['XDG_STATE_HOME'] ?? (env['HOME'] === undefined ? undefined : `${env['HOME']}/.local/state`);
  return state === undefined ? `/run/user/${uid}/sluice` : `${state}/sluice`;
}

/** The socket the daemon of this user serves. */
export function ownSocket(at: Surroundings): string {
  return at.uid === 0 ? systemSocket : `${at.env['XDG_RUNTIME_DIR'] ?? userDir(at)}/sluice.sock`;
}

export function ownStateDir(at: Surroundings): string {
  return at.uid === 0 ? '/var/lib/sluice' : userDir(at);
}

/** The socket a caller should try: the one asked for, else the system's daemon, else the user's own when only that is there. */
export function callerSocket(at: Surroundings, exists: (path: string) => boolean): string {
  const asked = at.env['SLUICE_SOCKET'];
  if (asked !== undefined && asked !== '') return asked;
  const own = ownSocket(at);
  return !exists(systemSocket) && exists(own) ? own : systemSocket;
}
