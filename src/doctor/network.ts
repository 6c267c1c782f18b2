/**
 * The host's interfaces, addresses and routes, as ip(8) and sysfs tell them.
 * Neighbours: gather.ts; run() of src/sandbox runs programs with a deadline, in a namespace when the switch is in one.
 */
import { CommandError, run } from '../sandbox/exec.js';
import type { Link, Route } from './facts.js';

interface IpLink {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly master?: string;
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen: number; readonly scope: string }[];
}

export class HostNetwork {
  readonly #options: { readonly netns?: string };

  constructor(netns: string | undefined) {
    this.#options = netns === undefined ? {} : { netns };
  }

  async #ip<T>(...args: string[]): Promise<T[]> {
    const text = await run('ip', ['-json', ...args], this.#options);
    return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
  }

  async links(): Promise<Link[]> {
    const links = await this.#ip<IpLink>('address', 'show');
    const defaults = await Promise.all(
      ['-4', '-6'].map((family) => this.#ip<{ dev?: string }>(family, 'route', 'show', 'default').catch(() => [])),
    );
    const speeds = await this.#speeds();
    return links.map(({ ifname, flags, mtu, master, addr_info = [] }) => ({
      name: ifname,
      up: flags.includes('UP'),
      carrier: flags.includes('LOWER_UP'),
      mtu,
      master,
      speed: speeds.get(ifname),
      addresses: addr_info
        .filter(({ scope }) => scope !== 'link')
        .map(({ local = '', prefixlen }) => ({ address: local, length: prefixlen })),
      defaultRoute: defaults.flat().some(({ dev }) => dev === ifname),
    }));
  }

  /** How the kernel would reach a peer. */
  async route(peer: string): Promise<Route> {
    try {
      const [found] = await this.#ip<{ dev?: string; prefsrc?: string }>('route', 'get', peer);
      const { dev, prefsrc } = found ?? {};
      return { peer, ...(dev === undefined ? {} : { dev }), ...(prefsrc === undefined ? {} : { source: prefsrc }) };
    } catch {
      return { peer };
    }
  }

  /** One ping by the way that was found. */
  async asked(route: Route): Promise<Route> {
    const { peer, dev, source } = route;
    if (dev === undefined) return route;
    const from = source === undefined ? [] : ['-I', source];
    try {
      await run('ping', ['-n', '-q', '-c', '1', '-W', '1', ...from, peer], this.#options);
      return { ...route, answers: true };
    } catch (error) {
      return error instanceof CommandError ? { ...route, answers: false } : route;
    }
  }

  /** A device without a cable, or a virtual one, has none. */
  async #speeds(): Promise<Map<string, number>> {
    const script = 'grep -s . /sys/class/net/*/speed 2>/dev/null || true';
    const text = await run('sh', ['-c', script], this.#options);
    const lines = [...text.matchAll(/^\/sys\/class\/net\/([^/]+)\/speed:(\d+)$/gm)];
    return new Map(lines.map(([, name = '', speed]) => [name, Number(speed)]));
  }
}
