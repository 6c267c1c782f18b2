/**
 * The rows of the switch's database that matter to Sluice, kept current by a monitor.
 * Neighbours: client.ts feeds updates in; plan.ts and ports.ts read.
 * Invariant: a number is an ofport only when the switch assigned it; `[]` and -1 are states of their own.
 */
import { applyDelta } from './delta.js';
import { map, optional, set, uuids, type Json, type Uuid } from './values.js';

export type Row = Readonly<Record<string, Json>>;

export interface BridgeRow {
  readonly uuid: Uuid;
  readonly name: string;
  readonly ports: readonly Uuid[];
  readonly datapathType: string;
  readonly failMode: string | undefined;
  readonly protocols: readonly string[];
  readonly otherConfig: Readonly<Record<string, string>>;
  readonly externalIds: Readonly<Record<string, string>>;
  readonly datapathId: string | undefined;
  readonly raw: Row;
}

export interface PortRow {
  readonly uuid: Uuid;
  readonly name: string;
  readonly interfaces: readonly Uuid[];
  readonly externalIds: Readonly<Record<string, string>>;
  readonly raw: Row;
}

export interface InterfaceRow {
  readonly uuid: Uuid;
  readonly name: string;
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
  /** Assigned by the switch; undefined while it has not answered or has refused. */
  readonly ofport: number | undefined;
  /** Why the switch could not open the device. */
  readonly error: string | undefined;
  readonly mtu: number | undefined;
  readonly raw: Row;
}

/** The columns of each table that are monitored. */
export const monitored = {
  Open_vSwitch: ['bridges', 'cur_cfg', 'next_cfg', 'ovs_version', 'datapath_types', 'external_ids'],
  Bridge: [
    'name',
    'ports',
    'datapath_type',
    'fail_mode',
    'protocols',
    'other_config',
    'external_ids',
    'datapath_id',
    'flow_tables',
    'controller',
  ],
  Port: [
    'name',
    'interfaces',
    'external_ids',
    'bond_mode',
    'bond_active_slave',
    'lacp',
    'other_config',
    'tag',
    'vlan_mode',
  ],
  Interface: [
    'name',
    'type',
    'options',
    'ofport',
    'error',
    'link_state',
    'link_speed',
    'ifindex',
    'lacp_current',
    'external_ids',
    'mac',
    'mac_in_use',
    'mtu',
    'mtu_request',
  ],
} as const;

export type TableName = keyof typeof monitored;
type TableUpdate = Record<Uuid, { old?: Row; new?: Row }>;
type TableUpdate2 = Record<Uuid, { initial?: Row; insert?: Row; modify?: Row; delete?: null }>;

function modified(before: Row | undefined, delta: Row): Row {
  if (before === undefined) throw new Error('a row that is not known was modified');
  const changed = Object.entries(delta).map(([column, value]) => [column, applyDelta(column, before[column], value)]);
  return { ...before, ...Object.fromEntries(changed) };
}

export class Rows {
  readonly #tables = new Map<TableName, Map<Uuid, Row>>();

  clear(): void {
    this.#tables.clear();
  }

  /** Apply a `table-updates` object (RFC 7047 §4.1.6). */
  update(updates: Record<string, TableUpdate>): void {
    for (const [name, rows] of Object.entries(updates)) {
      const table = this.#table(name as TableName);
      for (const [uuid, { new: row }] of Object.entries(rows)) {
        if (row) table.set(uuid, { ...table.get(uuid), ...row });
        else table.delete(uuid);
      }
    }
  }

  /** Apply a `table-updates2` object (ovsdb-server(7)); columns with their default value are left out of it. */
  update2(updates: Record<string, TableUpdate2>): void {
    for (const [name, rows] of Object.entries(updates)) {
      const table = this.#table(name as TableName);
      for (const [uuid, { initial, insert, modify, delete: gone }] of Object.entries(rows)) {
        const row = initial ?? insert;
        if (row) table.set(uuid, row);
        else if (modify) table.set(uuid, modified(table.get(uuid), modify));
        else if (gone !== undefined) table.delete(uuid);
      }
    }
  }

  root(): { uuid: Uuid; row: Row } | undefined {
    for (const [uuid, row] of this.#table('Open_vSwitch')) return { uuid, row };
    return undefined;
  }

  bridges(): BridgeRow[] {
    return [...this.#table('Bridge')].map(([uuid, row]) => bridgeRow(uuid, row));
  }

  bridge(name: string): BridgeRow | undefined {
    return this.bridges().find((bridge) => bridge.name === name);
  }

  port(uuid: Uuid): PortRow | undefined {
    const row = this.#table('Port').get(uuid);
    return row && portRow(uuid, row);
  }

  ports(bridge: BridgeRow): PortRow[] {
    return bridge.ports.map((uuid) => this.port(uuid)).filter((port) => port !== undefined);
  }

  iface(uuid: Uuid): InterfaceRow | undefined {
    const row = this.#table('Interface').get(uuid);
    return row && interfaceRow(uuid, row);
  }

  /** Every interface of a bridge. */
  interfaces(bridge: BridgeRow): InterfaceRow[] {
    return this.ports(bridge).flatMap((port) => this.interfacesOf(port));
  }

  interfacesOf(port: PortRow): InterfaceRow[] {
    return port.interfaces.map((uuid) => this.iface(uuid)).filter((iface) => iface !== undefined);
  }

  #table(name: TableName): Map<Uuid, Row> {
    let table = this.#tables.get(name);
    if (!table) this.#tables.set(name, (table = new Map()));
    return table;
  }
}

/** An optional string; an empty set is absent. */
function text(value: Json | undefined): string | undefined {
  const atom = optional(value);
  return typeof atom === 'string' ? atom : undefined;
}

function bridgeRow(uuid: Uuid, raw: Row): BridgeRow {
  return {
    uuid,
    raw,
    name: raw['name'] as string,
    ports: uuids(raw['ports']),
    datapathType: text(raw['datapath_type']) ?? '',
    failMode: text(raw['fail_mode']),
    protocols: set(raw['protocols']) as string[],
    otherConfig: map(raw['other_config']),
    externalIds: map(raw['external_ids']),
    datapathId: text(raw['datapath_id']),
  };
}

function portRow(uuid: Uuid, raw: Row): PortRow {
  return {
    uuid,
    raw,
    name: raw['name'] as string,
    interfaces: uuids(raw['interfaces']),
    externalIds: map(raw['external_ids']),
  };
}

function interfaceRow(uuid: Uuid, raw: Row): InterfaceRow {
  const ofport = optional(raw['ofport']);
  const mtu = optional(raw['mtu']);
  return {
    uuid,
    raw,
    name: raw['name'] as string,
    type: text(raw['type']) ?? '',
    options: map(raw['options']),
    ofport: typeof ofport === 'number' && ofport > 0 ? ofport : undefined,
    error: text(raw['error']),
    mtu: typeof mtu === 'number' && mtu > 0 ? mtu : undefined,
  };
}
