/**
 * Faults that several tests use, as scripts of the fake switch.
 * Neighbour: fake-switch.ts. Invariant: a fault with `times` stops by itself, so that the end state can be judged.
 */
import type { Peer, Script } from './fake-switch.js';
import { control, type, type Message } from './wire.js';

export type Point = 'open' | 'adds' | 'barrier' | 'before commit' | 'after commit';

/** Whether a message is the one that the point names. */
function isAt(point: Point, message: Message): boolean {
  if (point === 'adds') return message.type === type.bundleAdd;
  if (point === 'barrier') return message.type === type.barrierRequest;
  return isControl(message, point === 'open' ? control.open : control.commit);
}

export function isControl(message: Message, kind: number): boolean {
  return message.type === type.bundleControl && message.bytes.readUInt16BE(12) === kind;
}

/** Does something at the first `times` messages that fit, and nothing afterwards. */
export function onFirst(
  times: number,
  fits: (message: Message) => boolean,
  act: (message: Message, peer: Peer) => boolean,
): Script {
  let left = times;
  return { onMessage: (message, peer) => left > 0 && fits(message) && left-- > 0 && act(message, peer) };
}

/** Closes the connection at a point of the bundle; among the ADDs at the `nth`. */
export function closeAt(point: Point, times: number, nth = 7): Script {
  let seen = 0;
  return onFirst(
    times,
    (message) => isAt(point, message) && (point !== 'adds' || ++seen % nth === 0),
    (message, peer) => {
      if (point === 'after commit') {
        peer.sendRaw = () => {};
        peer.handle(message);
      }
      peer.close();
      return true;
    },
  );
}
