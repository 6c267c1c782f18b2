/**
 * The difference between the wanted bridges and the database's rows, as the operations of one transaction; pure.
 * Neighbours: wanted.ts says what, rows.ts what is; client.ts sends it.
 * Invariant: touches only bridges it was asked for and ports marked as ours; equal means no operation, since changing
 * fail_mode or a controller would flush every flow of the bridge.
 */
import { createHash } from 'node:crypto';
import type { BridgeRow, PortRow, Rows } from './rows.js';
import { map, namedUuid, ovsMap, ovsSet, ovsUuid, type Json } from './values.js';
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

/** Names of named-uuids are generated, since interface names may hold characters that OVSDB's grammar does not allow. */
class Planner {
  readonly operations: Operation[] = [];
  readonly conflicts: PortConflict[] = [];
  #next = 0;
  readonly #rows: Rows;
  readonly #removes: boolean;

  constructor(rows: Rows, removes: boolean) {
    this.#rows = rows;
    this.#removes = removes;
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
    const local: WantedInterface = { name: wanted.name, type: 'internal', options: {} };
    const ports = [{ name: wanted.name, role: 'local', interfaces: [local] }, ...wanted.ports]
      .filter((port) => this.#free(port, undefined))
      .map((port) => this.#insertPort(port));
    const bridge = this.insert('Bridge', {
      name: wanted.name,
      ports: ovsSet(ports),
      datapath_type: wanted.datapathType,
      fail_mode: wanted.failMode,
      protocols: ovsSet(wanted.protocols),
      other_config: ovsMap(identity(this.#hostSeed(), wanted.name)),
      external_ids: ovsMap({ [roleKey]: 'bridge' }),
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
    const pinned = identity(this.#hostSeed(), wanted.name);
    if (!row.otherConfig['hwaddr'] || !row.otherConfig['datapath-id']) {
      columns['other_config'] = ovsMap({ ...pinned, ...row.otherConfig });
    }
    const named = row.raw['flow_tables'];
    const count = Array.isArray(named) && named[0] === 'map' ? (named[1] as Json[]).length : 0;
    if (wanted.tables.length > 0 && count !== wanted.tables.length) columns['flow_tables'] = this.#tableNames(wanted);
    if (Object.keys(columns).length > 0) this.update('Bridge', row.uuid, columns);

    const present = new Map(this.#rows.ports(row).map((port) => [port.name, port]));
    const keep = new Set(wanted.ports.map((port) => port.name));
    const gone = [...present.values()].filter((port) => isOurs(port) && !keep.has(port.name) && port.name !== row.name);
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
      if (old) this.#refresh(old, port);
      else if (this.#free(port, row)) fresh.push(this.#insertPort(port));
    }
    this.mutate('Bridge', row.uuid, 'ports', 'insert', fresh);
  }

  /** A port that is there keeps its row, and so its ofport; only what differs is written. */
  #refresh(row: PortRow, wanted: WantedPort): void {
    for (const uuid of row.interfaces) {
      const have = this.#rows.iface(uuid);
      const want = wanted.interfaces.find((i) => i.name === have?.name);
      if (!have || !want || want.type === '') continue;
      if (have.type === want.type && sameMap(have.options, want.options)) continue;
      this.update('Interface', uuid, { type: want.type, options: ovsMap(want.options) });
    }
    if (!wanted.bond) return;
    const names = row.interfaces.map((uuid) => this.#rows.iface(uuid)?.name ?? '').toSorted();
    if (names.join(' ') === wanted.interfaces.map((i) => i.name).join(' ')) return;
    const kept = row.interfaces.filter((uuid) =>
      wanted.interfaces.some((i) => i.name === this.#rows.iface(uuid)?.name),
    );
    const added = wanted.interfaces.filter((i) => !names.includes(i.name)).map((i) => this.#insertInterface(i));
    this.update('Port', row.uuid, { interfaces: ovsSet([...kept.map(ovsUuid), ...added]) });
  }

  #insertInterface(wanted: WantedInterface): Json {
    return this.insert('Interface', { name: wanted.name, type: wanted.type, options: ovsMap(wanted.options) });
  }

  #insertPort(wanted: WantedPort): Json {
    return this.insert('Port', {
      name: wanted.name,
      interfaces: ovsSet(wanted.interfaces.map((i) => this.#insertInterface(i))),
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

  /** Port names are unique in a switch: one that another bridge has cannot be ours, and one bad name would fail all. */
  #free(port: WantedPort, own: BridgeRow | undefined): boolean {
    for (const bridge of this.#rows.bridges()) {
      if (bridge.uuid === own?.uuid) continue;
      const taken = this.#rows.ports(bridge).find((other) => other.name === port.name);
      if (!taken) continue;
      const message = `${port.name} is a port of bridge ${bridge.name}; take it off there: ovs-vsctl del-port ${bridge.name} ${port.name}`;
      this.conflicts.push({ name: port.name, message });
      return false;
    }
    return true;
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

/** Bridges that are ours by their mark and no longer wanted. */
function removeBridges(planner: Planner, rows: Rows, wanted: readonly WantedBridge[]): void {
  const root = rows.root();
  if (!root) return;
  const gone = rows
    .bridges()
    .filter((b) => b.externalIds[roleKey] === 'bridge' && !wanted.some((w) => w.name === b.name));
  planner.mutate(
    'Open_vSwitch',
    root.uuid,
    'bridges',
    'delete',
    gone.map((b) => ovsUuid(b.uuid)),
  );
}

/** Plan one transaction: what is missing (`add`), or everything, what is no longer wanted included (`remove`). */
export function plan(rows: Rows, wanted: readonly WantedBridge[], when: 'add' | 'remove'): Plan {
  const planner = new Planner(rows, when === 'remove');
  for (const bridge of wanted) planner.bridge(bridge);
  if (when === 'remove') removeBridges(planner, rows, wanted);
  if (planner.operations.length === 0) return planner;
  const root = rows.root();
  if (root) {
    const where: Json = [['_uuid', '==', ovsUuid(root.uuid)]];
    planner.operations.push({ op: 'mutate', table: 'Open_vSwitch', where, mutations: [['next_cfg', '+=', 1]] });
    planner.operations.push({ op: 'select', table: 'Open_vSwitch', where, columns: ['next_cfg'] });
  }
  return planner;
}
