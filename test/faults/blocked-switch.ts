/**
 * The fake switch as a process of its own, for the test whose JavaScript thread stands still: it asks for an echo every
 * 50 ms and notes how long each answer took. Prints its remote; on a line of input its report; ends with its input.
 */
import { createInterface } from 'node:readline';
import { FakeSwitch } from './fake-switch.js';
import { frame, type, type Message } from './wire.js';

export interface EchoReport {
  readonly answered: number;
  readonly slowestMs: number;
  readonly flows: number;
}

const fake = await FakeSwitch.start();
const asked = new Map<number, number>();
let xid = 0x1000_0000;
let answered = 0;
let slowestMs = 0;

const note = (message: Message): boolean => {
  const since = message.type === type.echoReply ? asked.get(message.xid) : undefined;
  if (since === undefined) return false;
  asked.delete(message.xid);
  answered += 1;
  slowestMs = Math.max(slowestMs, performance.now() - since);
  return true;
};
fake.script = { onMessage: note, onMonitorMessage: note };
const timer = setInterval(() => {
  for (const peer of fake.peers) {
    asked.set(++xid, performance.now());
    peer.send(frame(type.echoRequest, xid, Buffer.from('are you there')));
  }
}, 50);

const lines = createInterface({ input: process.stdin });
lines.on('line', () => {
  const open = [...asked.values()].map((since) => performance.now() - since);
  const report: EchoReport = { answered, slowestMs: Math.max(slowestMs, ...open), flows: fake.tables.flows.size };
  process.stdout.write(`${JSON.stringify(report)}\n`);
});
lines.on('close', () => {
  clearInterval(timer);
  void fake.stop();
});
process.stdout.write(`${JSON.stringify(fake.remote)}\n`);
