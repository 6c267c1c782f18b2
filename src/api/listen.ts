/**
 * Where the API is served: `punix:/path` or `ptcp:port:ip`, as Open vSwitch writes listening remotes.
 * Neighbours: src/main.ts calls it once per remote; src/config has checked the remotes.
 * Invariant: the socket file appears with mode 0660 and a listener behind it, or not at all; a living daemon's is never taken.
 */
import { chmodSync, linkSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { basename, dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { SluiceError } from '../model/errors.js';

export interface Listening {
  /** The remote as served; a port of 0 has become the real one. */
  readonly remote: string;
  close(): Promise<void>;
}

/** sun_path of unix(7), less the closing zero. */
const maxPathBytes = 107;

const errno = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error';

export async function listen(app: FastifyInstance, remote: string): Promise<Listening> {
  const path = /^punix:(\/.+)$/.exec(remote)?.[1];
  if (path !== undefined) return listenUnix(app, path);
  const [, port, host = '127.0.0.1'] = /^ptcp:([0-9]+)(?::\[?([0-9a-fA-F.:]+?)\]?)?$/.exec(remote) ?? [];
  if (port === undefined) throw new Error(`not a listening remote: ${remote}`);
  return listenTcp(app, host, Number(port));
}

async function listenTcp(app: FastifyInstance, host: string, port: number): Promise<Listening> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `the API listens on ${address}` });
  } catch (cause) {
    const why = {
      EADDRINUSE: `another program listens on port ${port} of ${host} (see: ss -ltnp 'sport = :${port}')`,
      EACCES: `port ${port} is reserved for root; take one above 1023`,
      EADDRNOTAVAIL: `${host} is not an address of this host`,
    }[errno(cause)];
    throw new SluiceError('conflict', `Cannot serve the API: ${why ?? errno(cause)}.`, { cause });
  }
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  const shown = host.includes(':') ? `[${host}]` : host;
  return { remote: `ptcp:${bound}:${shown}`, close: () => app.close() };
}

const noRight = 'no permission to make it there; run as root, or choose a path of your own with --socket';
const notDirectory = 'a part of its path is a file';

/** Bound beside its place and linked into it when ready: so nobody ever meets it with another mode. */
async function listenUnix(app: FastifyInstance, path: string): Promise<Listening> {
  const aside = `${dirname(path)}/.${process.pid}.${basename(path)}`;
  if (Buffer.byteLength(aside) > maxPathBytes) {
    throw new SluiceError(
      'internal',
      `Cannot serve the API on ${path}: a socket's path has at most ${maxPathBytes} bytes.`,
    );
  }
  let inode: number | undefined;
  app.addHook('onClose', (_app, done) => {
    // Only our own file: somebody may have put another in its place.
    if (inode !== undefined && inodeOf(path) === inode) rmSync(path, { force: true });
    done();
  });
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    rmSync(aside, { force: true });
    await app.listen({ path: aside, listenTextResolver: () => `the API listens on ${path}` });
    chmodSync(aside, 0o660);
    await linkInto(aside, path);
    inode = inodeOf(path);
  } catch (cause) {
    await app.close();
    if (cause instanceof SluiceError) throw cause;
    const code = errno(cause);
    const why = { EACCES: noRight, EPERM: noRight, EEXIST: notDirectory, ENOTDIR: notDirectory }[code] ?? code;
    throw new SluiceError('internal', `Cannot serve the API on ${path}: ${why}.`, { cause });
  } finally {
    if (inodeOf(aside) !== undefined) rmSync(aside);
  }
  return { remote: `punix:${path}`, close: () => app.close() };
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}

async function linkInto(aside: string, path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      linkSync(aside, path);
      return;
    } catch (error) {
      if (errno(error) !== 'EEXIST' || attempt === 2) throw error;
    }
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isSocket()) {
      throw new SluiceError(
        'internal',
        `Cannot serve the API: ${path} is there and is not a socket; it was left alone.`,
      );
    }
    const holder = await holderOf(path);
    if (holder !== undefined) throw new SluiceError('conflict', `${path} is already served by ${holder}.`);
    rmSync(path, { force: true });
  }
}

/** Who answers on a socket; undefined when it is the file of a daemon long gone. */
function holderOf(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = request({ socketPath: path, path: '/healthz', timeout: 2_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', () => resolve('another program'));
      response.on('end', () => {
        const pid = /"pid":([0-9]+)/.exec(text)?.[1];
        resolve(pid === undefined ? 'another program' : `pid ${pid}`);
      });
    });
    probe.on('timeout', () => {
      resolve('a program that does not answer');
      probe.destroy();
    });
    probe.on('error', (error) =>
      resolve(['ECONNREFUSED', 'ENOENT'].includes(errno(error)) ? undefined : 'another program'),
    );
    probe.end();
  });
}
