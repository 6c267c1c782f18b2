/** The compiled tables against the policy's own words, on random hosts and frames. Neighbour: policy.long.test.ts. */
import { expect, test } from 'vitest';
import { flowInstructions, flowPriority, flowTable } from '../../src/openflow/index.js';
import { addressPriority, prio, t } from '../../src/pipeline/layout.js';
import { check } from './property.js';

test('for every host and frame, the tables do what the state demands', () => {
  const { frames, conjoined, verdicts } = check({ states: 400, framesEach: 24 });
  // The property says nothing where no frame goes: every verdict must have been met, and often.
  expect(frames).toBeGreaterThan(4_000);
  expect(conjoined).toBeGreaterThan(50);
  for (const verdict of ['allow', 'allow rule', 'deny rule', 'deny default', 'refused', 'unjudged']) {
    expect(verdicts[verdict], verdict).toBeGreaterThan(100);
  }
}, 180_000);

const inTable = (message: Uint8Array, ref: { id: number }, priority?: number): boolean =>
  flowTable(message) === ref.id && (priority === undefined || flowPriority(message) === priority);
const drops = (message: Uint8Array): boolean => flowInstructions(message).length === 0;

test.each<[string, (message: Uint8Array) => boolean]>([
  ['the rules that deny', (m) => inTable(m, t.policy) && drops(m)],
  ['the rules that allow', (m) => inTable(m, t.policy) && !drops(m) && flowPriority(m) > 0],
  ['the conjunctions', (m) => inTable(m, t.policy) && flowPriority(m) % 8 === 3],
  ['the out-rules of separate sides', (m) => inTable(m, t.policyOut) && flowPriority(m) > 0],
  ['the turning of replies', (m) => inTable(m, t.orient, prio.usual)],
  ['the passing of ICMP errors', (m) => inTable(m, t.orient, prio.guard)],
  ['the groups of remote senders', (m) => inTable(m, t.source, addressPriority(32))],
  ['the groups of receivers behind a router', (m) => inTable(m, t.receiver, addressPriority(32))],
  ['the policy sets of receivers', (m) => inTable(m, t.destinationSet, prio.usual)],
  ['the split horizon', (m) => inTable(m, t.deliver, prio.guard)],
  ['the spoof guard of one family', (m) => inTable(m, t.spoofGuard, prio.usual)],
  ['the tags on the way in', (m) => inTable(m, t.uplink, prio.usual) || inTable(m, t.tunnelNetwork, prio.usual)],
  ['the tags of groups on the way out', (m) => inTable(m, t.outerTag, prio.usual)],
  ['the peers', (m) => inTable(m, t.tunnelPeer, prio.usual)],
  ['the exemptions', (m) => inTable(m, t.conntrack, prio.exempt)],
  ['the ARP proxy', (m) => inTable(m, t.neighbours, prio.usual)],
  ['the advertisements', (m) => inTable(m, t.advertise)],
  ['the answers to pings of a gateway', (m) => inTable(m, t.router, prio.exempt)],
  ['the end of a TTL', (m) => inTable(m, t.router, prio.guard)],
  ['the answers to outside', (m) => inTable(m, t.uplink, prio.usual)],
  ['the way in by the host’s own MAC', (m) => inTable(m, t.uplink, prio.networkGuard)],
  ['the host’s own MAC outside', (m) => inTable(m, t.deliver, prio.usual)],
  ['the way through to other hosts', (m) => inTable(m, t.conntrack, prio.guard)],
  ['what is too big', (m) => inTable(m, t.tooBig, prio.guard)],
  ['the way of the gateway', (m) => inTable(m, t.router, prio.usual)],
  ['the routes to endpoints', (m) => inTable(m, t.route, addressPriority(32) + 1)],
  ['the external routes', (m) => [0, 24, 32].some((length) => inTable(m, t.route, addressPriority(length)))],
  ['the subnets that are connected', (m) => inTable(m, t.route, addressPriority(24) + 1)],
])('a switch without %s is found out', (_, missing) => {
  expect(() => check({ states: 400, framesEach: 24, seed: 1, keep: (m) => !missing(m) })).toThrow(/Property failed/);
});
