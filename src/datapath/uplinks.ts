/**
 * How the uplinks fare: links, bonds and LACP as the switch tells them, and what changed since the last look; pure.
 * Neighbours: ovsdb/rows.ts has the rows; uplink-watch.ts looks at every change, health and events say it.
 */
import type { UplinkMember, UplinkStatus } from './face.js';
import { roleKey } from './ovsdb/plan.js';
import type { InterfaceRow, PortRow, Rows } from './ovsdb/rows.js';
import { optional } from './ovsdb/values.js';

/** Every uplink of Sluice's bridges, in the order of names. */
export function readUplinks(rows: Rows): UplinkStatus[] {
  return rows
    .bridges()
    .flatMap((bridge) =>
      rows
        .ports(bridge)
        .filter((port) => port.externalIds[roleKey] === 'uplink')
        .map((port) => uplinkOf(bridge.name, port, rows.interfacesOf(port))),
    )
    .toSorted((a, b) => `${a.bridge} ${a.port}`.localeCompare(`${b.bridge} ${b.port}`));
}

function uplinkOf(bridge: string, port: PortRow, ifaces: readonly InterfaceRow[]): UplinkStatus {
  const isBond = ifaces.length > 1;
  const active = text(port.raw['bond_active_slave']);
  const members = ifaces
    .map((iface) => memberOf(iface, !isBond || (active !== undefined && iface.raw['mac_in_use'] === active)))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  if (!isBond) return { bridge, port: port.name, members };
  const bondMode = text(port.raw['bond_mode']) ?? 'active-backup';
  return { bridge, port: port.name, bondMode, lacp: text(port.raw['lacp']) ?? 'off', members };
}

function memberOf(iface: InterfaceRow, active: boolean): UplinkMember {
  const { name, raw, error } = iface;
  // No ofport: the switch could not open it, or has not looked yet. A device that goes keeps its ofport and loses its index.
  const isMissing = iface.ofport === undefined || optional(raw['ifindex']) === 0;
  const link = isMissing ? 'missing' : text(raw['link_state']) === 'up' ? 'up' : 'down';
  const speed = optional(raw['link_speed']);
  const current = optional(raw['lacp_current']);
  return {
    name,
    link,
    active: active && link === 'up',
    ...(typeof speed === 'number' && speed > 0 ? { speedMbps: Math.round(speed / 1e6) } : {}),
    ...(typeof current === 'boolean' ? { lacp: current ? 'current' : 'defaulted' } : {}),
    ...(error === undefined ? {} : { error }),
  };
}

/** By interface. */
export type LacpStates = ReadonlyMap<string, NonNullable<UplinkMember['lacp']>>;

/** The members in what `lacp/show` prints. */
export function readLacp(shown: string): LacpStates {
  const lines = shown.matchAll(/^(?:member|slave): (.+?): (current|expired|defaulted)\b/gm);
  return new Map([...lines].map(([, name = '', state]) => [name, state as NonNullable<UplinkMember['lacp']>]));
}

/** What was asked for is newer than what the database says. */
export function withLacp(uplinks: readonly UplinkStatus[], states: LacpStates): UplinkStatus[] {
  return uplinks.map((uplink) => {
    if (uplink.lacp === undefined || uplink.lacp === 'off') return uplink;
    const members = uplink.members.map((member) => {
      const lacp = states.get(member.name);
      return lacp === undefined ? member : { ...member, lacp };
    });
    return { ...uplink, members };
  });
}

function text(value: Parameters<typeof optional>[0]): string | undefined {
  const atom = optional(value);
  return typeof atom === 'string' ? atom : undefined;
}

export interface UplinkChange {
  /** The NIC. */
  readonly key: string;
  /** Something was lost that should be there. */
  readonly bad: boolean;
  readonly message: string;
}

/** What is worth telling of two looks at the uplinks. A member that comes or goes by the settings is not. */
export function uplinkChanges(before: readonly UplinkStatus[], after: readonly UplinkStatus[]): UplinkChange[] {
  return after.flatMap((now) => {
    const then = before.find(({ bridge, port }) => bridge === now.bridge && port === now.port);
    return now.members.flatMap((member) => {
      const old = then?.members.find(({ name }) => name === member.name);
      return old === undefined ? [] : memberChanges(`${member.name} of ${now.bridge}`, old, member, now);
    });
  });
}

function memberChanges(who: string, old: UplinkMember, now: UplinkMember, uplink: UplinkStatus): UplinkChange[] {
  const key = now.name;
  const changes: UplinkChange[] = [];
  if (old.link !== now.link) {
    const message = { up: 'its link is up', down: 'its link is down', missing: 'it is gone from this host' }[now.link];
    changes.push({ key, bad: now.link !== 'up', message: `${who}: ${message}` });
  }
  const isHeard = now.lacp === 'current';
  if (now.lacp !== undefined && (old.lacp === 'current') !== isHeard) {
    const message = isHeard ? 'its LACP partner answers' : 'its LACP partner is silent';
    changes.push({ key, bad: !isHeard, message: `${who}: ${message}` });
  }
  if (uplink.members.length > 1 && now.active && !old.active) {
    changes.push({ key, bad: false, message: `${who}: it is the active member now` });
  }
  return changes;
}
