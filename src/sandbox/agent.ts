/**
 * The program that runs inside a workload's namespace: a Node process that connects, listens and pushes on request.
 * Neighbours: probe.ts starts it (`node -e`) and talks NDJSON with it over stdin and stdout; so a probe costs no process.
 * Invariant: `agent` is carried over as text, so it uses nothing from outside its own body, imports included.
 */

/** What probe.ts asks; `id` names the answer and, for what stays open, the thing to `close`. */
export interface AgentRequest {
  readonly id: number;
  readonly do: 'connect' | 'listen' | 'subscribe' | 'udp' | 'listenUdp' | 'sinkUdp' | 'stream' | 'close';
  readonly host?: string;
  readonly port?: number;
  readonly timeoutMs?: number;
  /** `listen`: push a chunk to every client this often instead of echoing. `subscribe`: push one to the server this often. */
  readonly pushEveryMs?: number;
  readonly handle?: number;
  /** `stream`: bits per second. */
  readonly rate?: number;
}

/** `result` answers a request; `bytes` and `clients` are totals of something open, sent whenever they change. */
export type AgentReply =
  | { readonly id: number; readonly result: string }
  | { readonly handle: number; readonly bytes: number; readonly clients: number };

function agent(): void {
  const net = process.getBuiltinModule('node:net');
  const dgram = process.getBuiltinModule('node:dgram');
  const readline = process.getBuiltinModule('node:readline');
  const chunk = Buffer.alloc(64, 'sluice ');
  const closers = new Map<number, () => void>();
  const say = (reply: AgentReply) => process.stdout.write(`${JSON.stringify(reply)}\n`);

  /** Counts what arrives at one handle and reports the totals. */
  function meter(handle: number) {
    const totals = { handle, bytes: 0, clients: 0 };
    return {
      add: (bytes: number, clients = 0) => {
        totals.bytes += bytes;
        totals.clients += clients;
        say({ ...totals });
      },
    };
  }

  const verdicts: Record<string, string> = {
    ECONNREFUSED: 'refused',
    ETIMEDOUT: 'timeout',
    EHOSTUNREACH: 'timeout', // neighbour resolution gave up: for a policy's judge this is silence
  };
  const verdict = (error: NodeJS.ErrnoException) => verdicts[error.code ?? ''] ?? error.code ?? error.message;

  function connect(request: AgentRequest): void {
    const socket = net.connect(request.port ?? 0, request.host ?? '');
    const end = (result: string) => {
      clearTimeout(timer);
      socket.destroy();
      say({ id: request.id, result });
    };
    const timer = setTimeout(end, request.timeoutMs ?? 1000, 'timeout');
    socket.once('connect', () => end('connected'));
    socket.once('error', (error) => end(verdict(error)));
  }

  function subscribe(request: AgentRequest): void {
    const socket = net.connect(request.port ?? 0, request.host ?? '');
    const count = meter(request.id);
    const timer = setTimeout(() => socket.destroy(new Error('timeout')), request.timeoutMs ?? 5000);
    let pushing: NodeJS.Timeout | undefined;
    socket.once('connect', () => {
      clearTimeout(timer);
      if (request.pushEveryMs) pushing = setInterval(() => socket.write(chunk), request.pushEveryMs);
      say({ id: request.id, result: 'connected' });
    });
    socket.on('error', (error) => say({ id: request.id, result: verdict(error) }));
    socket.on('close', () => clearInterval(pushing));
    socket.on('data', (data) => count.add(data.length));
    closers.set(request.id, () => socket.destroy());
  }

  function listen(request: AgentRequest): void {
    const count = meter(request.id);
    const clients = new Set<import('node:net').Socket>();
    const server = net.createServer((socket) => {
      const timer = request.pushEveryMs && setInterval(() => socket.write(chunk), request.pushEveryMs);
      clients.add(socket);
      count.add(0, 1);
      socket.on('error', () => {});
      socket.on('close', () => {
        if (timer) clearInterval(timer);
        clients.delete(socket);
      });
      socket.on('data', (data) => {
        count.add(data.length);
        if (!timer) socket.write(data);
      });
    });
    server.once('error', (error) => say({ id: request.id, result: verdict(error) }));
    server.listen(request.port, () => say({ id: request.id, result: 'listening' }));
    closers.set(request.id, () => {
      server.close();
      for (const socket of clients) socket.destroy();
    });
  }

  const family = (host = '::') => (host.includes(':') ? 'udp6' : 'udp4');

  function udp(request: AgentRequest): void {
    const socket = dgram.createSocket(family(request.host));
    const end = (result: string) => {
      clearTimeout(timer);
      socket.close();
      say({ id: request.id, result });
    };
    const timer = setTimeout(end, request.timeoutMs ?? 1000, 'timeout');
    socket.once('message', () => end('answered'));
    socket.once('error', (error) => end(verdict(error)));
    // Connected, so that an ICMP port unreachable comes back as ECONNREFUSED.
    socket.connect(request.port ?? 0, request.host, () => socket.send(chunk));
  }

  function listenUdp(request: AgentRequest): void {
    const count = meter(request.id);
    const socket = dgram.createSocket({ type: 'udp6', ipv6Only: false });
    socket.on('message', (data, from) => {
      count.add(data.length, 1);
      socket.send(data, from.port, from.address);
    });
    socket.once('error', (error) => say({ id: request.id, result: verdict(error) }));
    socket.bind(request.port, () => say({ id: request.id, result: 'listening' }));
    closers.set(request.id, () => socket.close());
  }

  /** Takes datagrams and says nothing. */
  function sinkUdp(request: AgentRequest): void {
    const count = meter(request.id);
    const socket = dgram.createSocket({ type: 'udp6', ipv6Only: false });
    socket.on('message', (data) => count.add(data.length, 1));
    socket.once('error', (error) => say({ id: request.id, result: verdict(error) }));
    socket.bind(request.port, () => say({ id: request.id, result: 'listening' }));
    closers.set(request.id, () => socket.close());
  }

  /** Sends datagrams of 1,000 bytes at a steady rate until closed, whether anybody listens or not. */
  function stream(request: AgentRequest): void {
    const payload = Buffer.alloc(1000, 'sluice ');
    const socket = dgram.createSocket(family(request.host));
    socket.on('error', () => {});
    const begun = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      const due = ((performance.now() - begun) / 1000) * ((request.rate ?? 0) / 8 / payload.length);
      for (; sent < due; sent++) socket.send(payload, request.port, request.host);
    }, 2);
    closers.set(request.id, () => {
      clearInterval(timer);
      socket.close();
    });
    say({ id: request.id, result: 'sending' });
  }

  function close(request: AgentRequest): void {
    closers.get(request.handle ?? 0)?.();
    closers.delete(request.handle ?? 0);
    say({ id: request.id, result: 'closed' });
  }

  const actions = { connect, subscribe, listen, udp, listenUdp, sinkUdp, stream, close };
  const lines = readline.createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const request: AgentRequest = JSON.parse(line);
    actions[request.do](request);
  });
  lines.on('close', () => process.exit()); // our owner is gone
}

/** For `node -e`. Some TypeScript runners wrap functions in a helper called __name. */
export const agentSource = `const __name = (f) => f; (${agent.toString()})();`;
