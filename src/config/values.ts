/**
 * Text to value, one function a type of setting: addresses, device names, ports, remotes, words.
 * Neighbours: settings.ts names the reader of each setting.
 * Invariant: a reader returns the canonical form or throws UsageError with a sentence that starts with `where`.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { UsageError } from './errors.js';
import { nearest } from './suggest.js';

export type Reader<T> = (text: string, where: string) => T;

/** A host's own unicast address, IPv6 in its shortest form. */
export const hostAddress: Reader<string> = (text, where) => {
  if (isIPv4(text)) {
    const first = Number(text.split('.')[0]);
    if (text !== '0.0.0.0' && first < 224) return text;
    throw new UsageError(`${where}: ${text} is not an address a host can have`);
  }
  if (isIPv6(text) && !text.includes('%')) {
    const short = new URL(`http://[${text}]/`).hostname.slice(1, -1);
    if (short !== '::' && !short.startsWith('ff')) return short;
    throw new UsageError(`${where}: ${text} is not an address a host can have`);
  }
  throw new UsageError(`${where}: "${text}" is not an IP address`, { hint: 'for example 10.0.0.5 or fd00::5' });
};

/** A Linux device name: at most 15 bytes, no slash, no space (dev_valid_name in the kernel). */
export const deviceName: Reader<string> = (text, where) => {
  if (text !== '' && text !== '.' && text !== '..' && !/[\s/:]/.test(text) && Buffer.byteLength(text) <= 15)
    return text;
  throw new UsageError(`${where}: "${text}" is not a device name`, {
    hint: 'a device name has 1 to 15 characters, without spaces, "/" or ":"',
  });
};

export const portNumber: Reader<number> = (text, where) => {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`${where}: "${text}" is not a port number`, { hint: 'a port is 1 to 65535' });
};

/** A trial of less is no trial, and one of more than an hour was forgotten. */
export const seconds: Reader<number> = (text, where) => {
  const value = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 3_600) return value;
  throw new UsageError(`${where}: "${text}" is not a number of seconds`, { hint: 'from 1 to 3600' });
};

export const switchWord: Reader<boolean> = (text, where) => {
  if (/^(true|t|1|yes|on)$/i.test(text)) return true;
  if (/^(false|f|0|no|off)$/i.test(text)) return false;
  throw new UsageError(`${where}: "${text}" is neither true nor false`);
};

export function oneOf<const W extends string>(...words: readonly W[]): Reader<W> {
  return (text, where) => {
    const found = words.find((word) => word === text.toLowerCase());
    if (found !== undefined) return found;
    const near = nearest(text, words);
    throw new UsageError(`${where}: "${text}" is none of ${words.join(', ')}`, {
      hint: near === undefined ? undefined : `did you mean ${near}?`,
    });
  };
}

export const absolutePath: Reader<string> = (text, where) => {
  if (text.startsWith('/')) return text.length > 1 ? text.replace(/\/+$/, '') : text;
  throw new UsageError(`${where}: "${text}" is not an absolute path`);
};

/** Where OVSDB listens, as Open vSwitch writes it. A bare path is taken as `unix:`. */
export const ovsdbRemote: Reader<string> = (text, where) => {
  if (text.startsWith('/')) return `unix:${text}`;
  if (text.startsWith('unix:/')) return text;
  if (/^(tcp|ssl):/.test(text)) {
    throw new UsageError(`${where}: ${text} is not supported: Sluice keeps the switch of its own host`, {
      hint: 'use the local socket, for example unix:/var/run/openvswitch/db.sock',
    });
  }
  throw new UsageError(`${where}: "${text}" is not an OVSDB remote`, {
    hint: 'for example unix:/var/run/openvswitch/db.sock',
  });
};

function isLoopback(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** `punix:/path` or `ptcp:port[:ip]`, as Open vSwitch writes them; `ptcp` without an address means loopback here. */
export const listenRemote: Reader<string> = (text, where) => {
  if (/^punix:\/./.test(text)) return text;
  const tcp = /^ptcp:([0-9]{1,5})(?::\[?([0-9a-fA-F.:]+?)\]?)?$/.exec(text);
  if (tcp === null) {
    throw new UsageError(`${where}: "${text}" is not a place to listen on`, {
      hint: 'for example punix:/run/sluice/sluice.sock or ptcp:8080:127.0.0.1',
    });
  }
  const host = tcp[2] ?? '127.0.0.1';
  if (!isLoopback(host)) {
    throw new UsageError(`${where}: ${host} is not a loopback address`, {
      hint: 'the API is for this host only: listen on 127.0.0.1 or ::1 and forward the port with ssh',
    });
  }
  // Port 0 asks the kernel for a free one.
  const port = tcp[1] === '0' ? 0 : portNumber(tcp[1] ?? '', where);
  return host.includes(':') ? `ptcp:${port}:[${host}]` : `ptcp:${port}:${host}`;
};
