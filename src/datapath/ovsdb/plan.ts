/**
 * The difference between the wanted bridges and the database's rows, as the operations of one transaction; pure.
 * Neighbours: wanted.ts says what, rows.ts what is; client.ts sends it.
 * Invariant: touches only bridges it was asked for and ports marked as ours; equal means no operation, since changing
 * fail_mode or a controller would flush every flow of the bridge.
 */
import { createHash } from 'node:crypto';
import { daemonKey, ownerKey, type Owner } from './lock.js';
import type { BridgeRow, PortRow, Rows } from './rows.js';
import { map, namedUuid, optional, ovsMap, ovsSet, ovsUuid, type Json, type Uuid } from './values.js';
import type { WantedBridge, WantedInterface, WantedPort } from './wanted.js';

export type Operation = Readonly<Record<string, Json>>;

/** Marks a row as ours; the value says what for. */
export const roleKey = 'sluice-role';

/** A problem that no transaction can mend: somebody else's port stands in the way. */
export interface PortConflict {
  readonly name: string;
  readonly message: string;
}

export interface Plan {
  readonly operations: readonly Operation[];
  readonly conflicts: readonly PortConflict[];
}

/**
 * Ports of ours that must leave in the same transaction in which their successors come: uplinks, since two of them side by
 * side are a loop and a NIC can be in one port only; and the patches of a bridge that is going.
 */
function superseded(
  rows: Rows,
  wanted: readonly WantedBridge[],
  owner: Owner | undefined,
): ReadonlyMap<Uuid, readonly PortRow[]> {
  const leaving = new Map<Uuid, PortRow[]>();
  for (const bridge of rows.bridges()) {
    if (bridge.externalIds[roleKey] !== 'bridge') continue;
    if (![undefined, owner?.id].includes(bridge.externalIds[ownerKey])) continue;
    const now = wanted.find(({ name }) => name === bridge.name);
    // Without a successor an uplink leaves after the flows that send to it, with its bridge.
    if (now === undefined && !wanted.some(({ ports }) => ports.some(({ role }) => role === 'uplink'))) continue;
    const roles = now === undefined ? ['uplink', 'patch'] : ['uplink'];
    const stays = (port: PortRow): boolean => now?.ports.some(({ name }) => name === port.name) ?? false;
    const gone = rows.ports(bridge).filter((port) => roles.includes(port.externalIds[roleKey] ?? '') && !stays(port));
    if (gone.length > 0) leaving.set(bridge.uuid, gone);
  }
  return leaving;
}

/** Names of named-uuids are generated, since interface names may hold characters that OVSDB's grammar does not allow. */
class Planner {
  readonly operations: Operation[] = [];
  readonly conflicts: PortConflict[] = [];
  #next = 0;
  readonly #rows: Rows;
  readonly #removes: boolean;
  readonly #marks: Readonly<Record<string, string>>;
  readonly #leaving: ReadonlyMap<Uuid, readonly PortRow[]>;
  /** Interface rows of leaving ports by name: taken over as they are, since names are unique within a transaction, too. */
  readonly #orphans: ReadonlyMap<string, Uuid>;
  /** Interfaces that this transaction gives a place to, and the port it is. */
  readonly #claimed = new Map<string, string>();

  constructor(rows: Rows, wanted: readonly WantedBridge[], removes: boolean, owner: Owner | undefined) {
    this.#rows = rows;
    this.#marks = owner === undefined ? {} : { [ownerKey]: owner.id, [daemonKey]: owner.daemon };
    this.#removes = removes;
    this.#leaving = superseded(rows, wanted, owner);
    const orphans = [...this.#leaving.values()].flat().flatMap((port) => rows.interfacesOf(port));
    this.#orphans = new Map(orphans.map(({ name, uuid }) => [name, uuid]));
  }

  /** Take superseded ports off their bridges. */
  releases(): void {
    for (const [bridge, ports] of this.#leaving) {
      const gone = ports.map(({ uuid }) => ovsUuid(uuid));
      this.mutate('Bridge', bridge, 'ports', 'delete', gone);
    }
  }

  insert(table: string, row: Record<string, Json>): Json {
    const name = `row${this.#next++}`;
    this.operations.push({ op: 'insert', table, row, 'uuid-name': name });
    return namedUuid(name);
  }

  update(table: string, uuid: string, row: Record<string, Json>): void {
    this.operations.push({ op: 'update', table, where: [['_uuid', '==', ovsUuid(uuid)]], row });
  }

  mutate(table: string, uuid: string, column: string, mutator: 'insert' | 'delete', values: readonly Json[]): void {
    if (values.length === 0) return;
    const where: Json = [['_uuid', '==', ovsUuid(uuid)]];
    this.operations.push({ op: 'mutate', table, where, mutations: [[column, mutator, ovsSet(values)]] });
  }

  bridge(wanted: WantedBridge): void {
    const row = this.#rows.bridge(wanted.name);
    if (row) this.#existing(row, wanted);
    else this.#create(wanted);
  }

  #create(wanted: WantedBridge): void {
    const root = this.#rows.root();
    if (!root) return;
    const local: WantedInterface = {
      ...{ name: wanted.name, type: 'internal', options: {} },
      ...(wanted.pin === undefined ? {} : { mtuRequest: wanted.pin.mtu }),
    };
    const ports = [{ name: wanted.name, role: 'local', interfaces: [local] }, ...wanted.ports]
      .filter((port) => this.#free(port, undefined))
      .map((port) => this.#insertPort(port));
    const bridge = this.insert('Bridge', {
      name: wanted.name,
      ports: ovsSet(ports),
      datapath_type: wanted.datapathType,
      fail_mode: wanted.failMode,
      protocols: ovsSet(wanted.protocols),
      other_config: ovsMap({ ...identity(this.#hostSeed(), wanted.name), ...pinned(wanted) }),
      external_ids: ovsMap({ [roleKey]: 'bridge', ...this.#marks }),
      ...(wanted.tables.length > 0 ? { flow_tables: this.#tableNames(wanted) } : {}),
    });
    this.mutate('Open_vSwitch', root.uuid, 'bridges', 'insert', [bridge]);
  }

  #existing(row: BridgeRow, wanted: WantedBridge): void {
    const columns: Record<string, Json> = {};
    if (row.datapathType !== wanted.datapathType) columns['datapath_type'] = wanted.datapathType;
    if (row.failMode !== wanted.failMode) columns['fail_mode'] = wanted.failMode;
    const missing = wanted.protocols.filter((p) => !row.protocols.includes(p));
    if (missing.length > 0) columns['protocols'] = ovsSet([...row.protocols, ...missing]);
    const kept = { ...identity(this.#hostSeed(), wanted.name), ...row.otherConfig, ...pinned(wanted) };
    if (!sameMap(kept, row.otherConfig)) columns['other_config'] = ovsMap(kept);
    const named = row.raw['flow_tables'];
    const count = Array.isArray(named) && named[0] === 'map' ? (named[1] as Json[]).length : 0;
    if (wanted.tables.length > 0 && count !== wanted.tables.length) columns['flow_tables'] = this.#tableNames(wanted);
    if (Object.keys(columns).length > 0) this.update('Bridge', row.uuid, columns);
    this.#mark(row);

    this.#localMtu(row, wanted);

    const present = new Map(this.#rows.ports(row).map((port) => [port.name, port]));
    const keep = new Set(wanted.ports.map((port) => port.name));
    const gone = [...present.values()].filter(
      (port) => isOurs(port) && !keep.has(port.name) && port.name !== row.name && !this.#leaves(port),
    );
    if (this.#removes)
      this.mutate(
        'Bridge',
        row.uuid,
        'ports',
        'delete',
        gone.map((port) => ovsUuid(port.uuid)),
      );
    const fresh: Json[] = [];
    for (const port of wanted.ports) {
      const old = present.get(port.name);
      if (old) this.#refresh(old, port, row);
      else if (this.#free(port, row)) fresh.push(this.#insertPort(port));
    }
    this.mutate('Bridge', row.uuid, 'ports', 'insert', fresh);
  }

  /** The bridge's own port: vswitchd would give it the least MTU of the others. */
  #localMtu(row: BridgeRow, { name, pin }: WantedBridge): void {
    const local = this.#rows.interfaces(row).find((each) => each.name === name);
    if (local === undefined || pin === undefined || optional(local.raw['mtu_request']) === pin.mtu) return;
    this.update('Interface', local.uuid, { mtu_request: pin.mtu });
  }

  /** Whose the bridge is, and who is at work on it. Other ids stay as they are. */
  #mark({ uuid, externalIds }: BridgeRow): void {
    const stale = Object.entries(this.#marks).filter(([key, value]) => externalIds[key] !== value);
    if (stale.length === 0) return;
    const mutations: Json = [
      ['external_ids', 'delete', ovsSet(stale.map(([key]) => key))],
      ['external_ids', 'insert', ovsMap(Object.fromEntries(stale))],
    ];
    this.operations.push({ op: 'mutate', table: 'Bridge', where: [['_uuid', '==', ovsUuid(uuid)]], mutations });
  }

  /** A port that is there keeps its row, and so its ofport; only what differs is written. */
  #refresh(row: PortRow, wanted: WantedPort, bridge: BridgeRow): void {
    for (const have of this.#rows.interfacesOf(row)) {
      const want = wanted.interfaces.find((i) => i.name === have.name);
      if (!want || want.type === '') continue;
      const wrongMac = want.mac !== undefined && optional(have.raw['mac']) !== want.mac;
      if (have.type === want.type && sameMap(have.options, want.options) && !wrongMac) continue;
      const mac: Record<string, Json> = wrongMac ? { mac: want.mac } : {};
      this.update('Interface', have.uuid, { type: want.type, options: ovsMap(want.options), ...mac });
    }
    if (!wanted.bond || !isOurs(row)) return;
    const columns: Record<string, Json> = {};
    const { mode, lacp, otherConfig } = wanted.bond;
    if (optional(row.raw['bond_mode']) !== mode) columns['bond_mode'] = mode;
    if (optional(row.raw['lacp']) !== lacp) columns['lacp'] = lacp;
    if (!sameMap(map(row.raw['other_config']), otherConfig)) columns['other_config'] = ovsMap(otherConfig);
    const have = this.#rows.interfacesOf(row);
    const names = have.map(({ name }) => name).toSorted();
    const different = names.join('/') !== wanted.interfaces.map(({ name }) => name).join('/');
    if (different && this.#free(wanted, bridge)) {
      const kept = have.filter(({ name }) => wanted.interfaces.some((i) => i.name === name));
      const added = wanted.interfaces.filter(({ name }) => !names.includes(name)).map((i) => this.#interface(i));
      columns['interfaces'] = ovsSet([...kept.map(({ uuid }) => ovsUuid(uuid)), ...added]);
    }
    if (Object.keys(columns).length > 0) this.update('Port', row.uuid, columns);
  }

  #leaves({ uuid }: PortRow): boolean {
    return [...this.#leaving.values()].flat().some((port) => port.uuid === uuid);
  }

  #interface(wanted: WantedInterface): Json {
    const orphan = this.#orphans.get(wanted.name);
    return orphan === undefined ? this.#insertInterface(wanted) : ovsUuid(orphan);
  }

  #insertInterface(wanted: WantedInterface): Json {
    const { name, type, options, mtuRequest, mac } = wanted;
    const mtu = mtuRequest === undefined ? {} : { mtu_request: mtuRequest };
    return this.insert('Interface', {
      name,
      type,
      options: ovsMap(options),
      ...mtu,
      ...(mac === undefined ? {} : { mac }),
    });
  }

  #insertPort(wanted: WantedPort): Json {
    return this.insert('Port', {
      name: wanted.name,
      interfaces: ovsSet(wanted.interfaces.map((i) => this.#interface(i))),
      external_ids: ovsMap({ [roleKey]: wanted.role }),
      ...(wanted.bond
        ? {
            bond_mode: wanted.bond.mode,
            lacp: wanted.bond.lacp,
            other_config: ovsMap(wanted.bond.otherConfig),
          }
        : {}),
    });
  }

  #tableNames(wanted: WantedBridge): Json {
    return ['map', wanted.tables.map((name, id): Json => [id, this.insert('Flow_Table', { name })])];
  }

  /** Port and interface names are unique in a switch: one that is taken cannot be ours, and one bad name would fail all. */
  #free(port: WantedPort, own: BridgeRow | undefined): boolean {
    const names = port.interfaces.map(({ name }) => name);
    for (const name of names) {
      const claimant = this.#claimed.get(name);
      if (claimant !== undefined)
        return this.#conflict(port, `${name} is asked for twice: as ${claimant} and as ${port.name}`);
    }
    for (const bridge of this.#rows.bridges()) {
      for (const other of this.#rows.ports(bridge)) {
        if (this.#leaves(other) || (bridge.uuid === own?.uuid && other.name === port.name)) continue;
        const shared = this.#rows.interfacesOf(other).find(({ name }) => names.includes(name))?.name;
        const name = other.name === port.name ? other.name : shared;
        if (name === undefined) continue;
        const what =
          other.name === name ? `a port of bridge ${bridge.name}` : `in port ${other.name} of bridge ${bridge.name}`;
        return this.#conflict(
          port,
          `${name} is ${what}; take it off there: ovs-vsctl del-port ${bridge.name} ${other.name}`,
        );
      }
    }
    for (const name of names) this.#claimed.set(name, port.name);
    return true;
  }

  #conflict({ name }: WantedPort, message: string): false {
    this.conflicts.push({ name, message });
    return false;
  }

  #hostSeed(): string {
    return map(this.#rows.root()?.row['external_ids'])['system-id'] ?? this.#rows.root()?.uuid ?? '';
  }
}

function isOurs(port: PortRow): boolean {
  const role = port.externalIds[roleKey];
  return role !== undefined && role !== 'local';
}

function sameMap(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function pinned({ pin }: WantedBridge): Record<string, string> {
  return pin === undefined ? {} : { hwaddr: pin.hwaddr };
}

/**
 * A bridge's MAC and datapath id, pinned: otherwise both follow the lowest port MAC and change, with all connections lost,
 * when such a port comes or goes.
 */
function identity(seed: string, bridge: string): Record<string, string> {
  const digest = createHash('sha256').update(`${seed}\0${bridge}`).digest();
  // A locally administered unicast address.
  digest[0] = (digest[0]! & 0xfc) | 0x02;
  const hex = digest.subarray(0, 6).toString('hex');
  return { hwaddr: hex.match(/../g)!.join(':'), 'datapath-id': `0000${hex}` };
}

/** Bridges that are ours by their mark and no longer wanted; those of another state are another daemon's. */
function removeBridges(planner: Planner, rows: Rows, wanted: readonly WantedBridge[], owner: Owner | undefined): void {
  const root = rows.root();
  if (!root) return;
  const gone = rows
    .bridges()
    .filter((b) => b.externalIds[roleKey] === 'bridge' && !wanted.some((w) => w.name === b.name))
    .filter(({ externalIds }) => [undefined, owner?.id].includes(externalIds[ownerKey]));
  planner.mutate(
    'Open_vSwitch',
    root.uuid,
    'bridges',
    'delete',
    gone.map((b) => ovsUuid(b.uuid)),
  );
}

/** Plan one transaction: what is missing (`add`), or everything, what is no longer wanted included (`remove`). */
export function plan(rows: Rows, wanted: readonly WantedBridge[], when: 'add' | 'remove', owner?: Owner): Plan {
  const planner = new Planner(rows, wanted, when === 'remove', owner);
  planner.releases();
  for (const bridge of wanted) planner.bridge(bridge);
  if (when === 'remove') removeBridges(planner, rows, wanted, owner);
  return { conflicts: planner.conflicts, operations: counted(rows, planner.operations) };
}

/** Operations with the count by which vswitchd says that it has acted on them. */
export function counted(rows: Rows, operations: readonly Operation[]): readonly Operation[] {
  const root = rows.root();
  if (operations.length === 0 || root === undefined) return operations;
  const where: Json = [['_uuid', '==', ovsUuid(root.uuid)]];
  return [
    ...operations,
    { op: 'mutate', table: 'Open_vSwitch', where, mutations: [['next_cfg', '+=', 1]] },
    { op: 'select', table: 'Open_vSwitch', where, columns: ['next_cfg'] },
  ];
}
