/**
 * A host on the netdev datapath for the leak test: twelve ports that raw frames come in by, and two workloads with a live TCP stream
 * and pings between them, which the changes have nothing to do with.
 * Neighbours: test/datapath/leaks.ts changes the objects and compares; leaks.test.ts runs it small, leaks.long.test.ts large.
 */
import { spawn } from 'node:child_process';
import { expect } from 'vitest';
import { DatapathController } from '../../src/datapath/controller.js';
import { emptyState, formatAddress, formatMac, type Address } from '../../src/model/index.js';
import { createLab, type LabHost } from '../../src/sandbox/index.js';
import { memoryStore } from '../../src/store/index.js';
import { conversations, type Traffic } from '../datapath/leak-traffic.js';
import { apart, churn, type Tally } from '../datapath/leaks.js';
import { workloadPorts } from '../evaluator/ports.js';
import { clock, silent } from '../support/quiet.js';
import { blank, udp } from './frames.js';

const liveAt = (n: number) => ({ mac: `02:00:00:00:09:0${n}`, ipv4: `10.9.0.${n}` });

const live = [
  { kind: 'tenant', name: apart },
  { kind: 'network', tenant: apart, name: 'net', vni: 5900, subnet: '10.9.0.0/24' },
  ...[1, 2].map((n) => ({
    ...{ kind: 'endpoint', id: `${apart}-${n}`, tenant: apart, network: 'net', interface: `${apart}${n}` },
    ...liveAt(n),
  })),
];

const sender = `
import socket, sys
socks = {}
for line in sys.stdin:
    name, frame = line.split()
    if name not in socks:
        socks[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        socks[name].bind((name, 0))
    socks[name].send(bytes.fromhex(frame))`;

/** Real frames by the other ends of the ports, until stopped. */
function sendOn(host: LabHost, controller: DatapathController): Traffic {
  const child = spawn('ip', ['netns', 'exec', host.netns, '/usr/bin/python3', '-c', sender], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const traffic = { frames: 0, n: 0 };
  const station = (mac: string, address: Address) => ({ mac, ip: formatAddress(address) });
  const timer = setInterval(() => {
    const n = traffic.n++;
    const spoken = conversations(controller.state, n).slice(0, 20);
    for (const [i, { port, from, source, to }] of spoken.entries()) {
      if (from.tenant === apart) continue;
      const ports = (n + i) % 2 === 0 ? ([40_000 + (n % 5), 53] as const) : ([53, 40_000 + (n % 5)] as const);
      const frame = udp(station(formatMac(from.mac), source), station(to.mac, to.address), ports, blank(8));
      child.stdin.write(`p${port.slice(1)} ${Buffer.from(frame).toString('hex')}\n`);
    }
    traffic.frames += spoken.length;
  }, 10);
  return {
    get frames() {
      return traffic.frames;
    },
    async stop() {
      clearInterval(timer);
      child.stdin.end();
      await ended;
    },
  };
}

export async function churnPackets(changes: number, seed: number): Promise<Tally> {
  const lab = await createLab();
  let controller: DatapathController | undefined;
  try {
    const host = await lab.host('h1');
    await lab.wire(host, 'underlay0', host, 'far0');
    await lab.wire(host, 'eth1', host, 'far1');
    await lab.underlay(host, 'br-phy', 'underlay0', '172.31.0.1/24');
    for (let n = 1; n <= workloadPorts; n++) await lab.wire(host, `w${n}`, host, `p${n}`);
    const [one, other] = await Promise.all(
      [1, 2].map((n) =>
        lab.workload(host, {
          name: `${apart}${n}`,
          interface: `${apart}${n}`,
          mac: liveAt(n).mac,
          ipv4: `10.9.0.${n}/24`,
        }),
      ),
    );
    const { remote, rundir } = host.sandbox;
    const options = { store: memoryStore(), state: emptyState(), database: remote, rundir, log: silent, clock };
    controller = new DatapathController({ ...options, patienceMs: 60_000 });
    const daemon = controller;
    const settings = { vtepIp: '172.31.0.1', vlanInterfaces: ['eth1'], datapathType: 'netdev' };
    await daemon.apply({ put: [{ kind: 'settings', ...settings }] }, 'accepted');
    daemon.start();
    await daemon.settled();
    return await churn({ sandbox: host.sandbox, controller: daemon }, changes, seed, async () => {
      await daemon.apply({ put: live }, 'effective');
      const service = await other!.serve(8080, { pushEveryMs: 20 });
      const stream = await one!.subscribe('10.9.0.2', 8080, { pushEveryMs: 20 });
      const pings = one!.startPing('10.9.0.2', { intervalMs: 50 });
      const frames = sendOn(host, daemon);
      return {
        get frames() {
          return frames.frames;
        },
        async stop() {
          await frames.stop();
        },
        async beforeDeletion() {
          await stream.waitForBytes(500);
          const { sent, received } = await pings.stop();
          expect(received).toBe(sent);
          await Promise.all([stream.close(), service.close()]);
        },
      };
    });
  } finally {
    await controller?.stop();
    await lab.stop();
  }
}
