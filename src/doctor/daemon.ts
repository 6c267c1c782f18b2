/** The daemon: whether it runs, and which objects it could not put in place. */
import { bridgePid, bridgesOf, type Facts } from './facts.js';
import type { Finding } from './finding.js';

const area = 'daemon';

export function daemonFindings(facts: Facts): Finding[] {
  return [...ownFindings(facts), ...otherFindings(facts)];
}

/** A bridge that is marked by a daemon which is not the one that answered. */
function otherFindings(facts: Facts): Finding[] {
  const { daemon, living, vsctl, wishes } = facts;
  const own = 'pid' in daemon ? daemon.pid : undefined;
  return bridgesOf(facts).flatMap((bridge): Finding[] => {
    const { name } = bridge;
    const pid = bridgePid(bridge);
    if (pid === undefined || pid === own) return [];
    const isOurs = name === wishes.bridge || name === wishes.uplinkBridge;
    if (living.has(pid) && name === wishes.bridge) {
      const what = `Another daemon keeps ${name}: ${bridge.daemon}.`;
      const consequence = 'It has the lock of the bridge; no other daemon changes anything there before it ends.';
      return [{ code: 'two-daemons', severity: 'error', area, what, consequence, command: `kill ${pid}` }];
    }
    if (living.has(pid) || isOurs || bridge.role !== 'bridge') return [];
    const what = `${name} is left of a daemon that is gone (${bridge.daemon}).`;
    const consequence = 'It forwards what that one told it last, and holds its ports.';
    return [{ code: 'left-bridge', severity: 'warning', area, what, consequence, command: `${vsctl} del-br ${name}` }];
  });
}

function ownFindings({ daemon }: Facts): Finding[] {
  if ('unreachable' in daemon) {
    const what = `The daemon does not answer: ${daemon.unreachable}.`;
    const consequence = 'What is on the switch goes on; nothing changes, and nothing is mended.';
    return [{ code: 'daemon-down', severity: 'warning', area, what, consequence, command: 'sluice serve' }];
  }
  const { reasons, attention, resync } = daemon;
  const readBack =
    resync === undefined
      ? ''
      : `; the switch was read back ${resync.secondsAgo} s ago (${resync.flowsRead} flows, ${resync.sent} differences)`;
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
      ? [
          {
            code: 'daemon-well',
            severity: 'ok',
            area,
            what: `The daemon runs and every object is in place${readBack}.`,
          } as const,
        ]
      : []),
  ];
}
