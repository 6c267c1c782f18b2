/** The daemon: whether it runs, and which objects it could not put in place. */
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';

const area = 'daemon';

export function daemonFindings({ daemon }: Facts): Finding[] {
  if ('unreachable' in daemon) {
    const what = `The daemon does not answer: ${daemon.unreachable}.`;
    const consequence = 'What is on the switch goes on; nothing changes, and nothing is mended.';
    return [{ code: 'daemon-down', severity: 'warning', area, what, consequence, command: 'sluice serve' }];
  }
  const { reasons, attention } = daemon;
  return [
    ...reasons.map((reason): Finding => {
      const command = /: (ovs-vsctl del-port .*)$/.exec(reason)?.[1];
      const consequence = 'What is wanted is not all in place.';
      const what = `The daemon says: ${reason}.`;
      return {
        code: 'not-ready',
        severity: 'error',
        area,
        what,
        consequence,
        ...(command === undefined ? {} : { command }),
      };
    }),
    ...attention.map(({ name, state, why }): Finding => {
      const isWaiting = state === 'waiting';
      const what = isWaiting ? `${name} waits for ${why}.` : `${name} is ${state}: ${why}.`;
      const consequence = isWaiting
        ? 'It has no network until that is there.'
        : 'The switch refused its flows; it has no network.';
      return { code: `object-${state}`, severity: isWaiting ? 'warning' : 'error', area, what, consequence };
    }),
    ...(reasons.length + attention.length === 0
      ? [{ code: 'daemon-well', severity: 'ok', area, what: 'The daemon runs and every object is in place.' } as const]
      : []),
  ];
}
