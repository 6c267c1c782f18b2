/**
 * The switch's database read once, without a monitor.
 * Neighbours: src/native speaks JSON-RPC; facts.ts says what comes out.
 */
import { JsonRpc } from '../native/index.js';
import type { Bridge, Database, Interface, Port } from './facts.js';

type Row = Readonly<Record<string, unknown>>;

const tables = ['Open_vSwitch', 'Bridge', 'Port', 'Interface', 'Controller'] as const;
const patienceMs = 3_000;

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return value === undefined ? [] : [value];
  const inner: unknown = value[1];
  return value[0] === 'set' && Array.isArray(inner) ? inner : [value];
}

function texts(value: unknown): string[] {
  return list(value).filter((each) => typeof each === 'string');
}

function numberOf(value: unknown): number | undefined {
  const [first] = list(value);
  return typeof first === 'number' ? first : undefined;
}

function map(value: unknown): Record<string, string> {
  const pairs: unknown = Array.isArray(value) && value[0] === 'map' ? value[1] : [];
  return Array.isArray(pairs) ? Object.fromEntries(pairs) : {};
}

/** The rows that a column refers to. */
function referred(value: unknown, rows: ReadonlyMap<string, Row>): Row[] {
  return list(value)
    .map((each) => (Array.isArray(each) ? rows.get(String(each[1])) : undefined))
    .filter((row) => row !== undefined);
}

function ifaceOf(row: Row): Interface {
  const [error] = texts(row['error']);
  const [type = ''] = texts(row['type']);
  return { name: String(row['name']), type, error, mtu: numberOf(row['mtu']) };
}

function portOf(row: Row, ifaces: ReadonlyMap<string, Row>): Port {
  const role = map(row['external_ids'])['sluice-role'];
  const trunks = list(row['trunks']).filter((vlan) => typeof vlan === 'number');
  const interfaces = referred(row['interfaces'], ifaces).map(ifaceOf);
  return { name: String(row['name']), role, interfaces, tag: numberOf(row['tag']), trunks };
}

/** Rejects when nobody answers in time. */
export async function readDatabase(remote: string): Promise<Database> {
  let up = (): void => {};
  let fail = (_error: Error): void => {};
  const connected = new Promise<void>((resolve, reject) => {
    up = resolve;
    fail = reject;
  });
  const rpc = new JsonRpc({ onUp: () => up(), onDown: (reason) => fail(new Error(reason)), onNotify: () => {} });
  const timer = setTimeout(() => fail(new Error(`no answer in ${patienceMs} ms`)), patienceMs);
  try {
    rpc.connect(remote);
    await connected;
    const selects = tables.map((table) => ({ op: 'select', table, where: [] }));
    const answer = (await rpc.request('transact', ['Open_vSwitch', ...selects])) as { rows: Row[] }[];
    // ovs-ctl writes the version into the row; the server knows it in any case.
    const schema = (await rpc.request('get_schema', ['Open_vSwitch'])) as { version?: string };
    const database = fromRows(answer.map(({ rows }) => rows));
    return { ...database, schema: schema.version ?? database.schema };
  } finally {
    clearTimeout(timer);
    rpc.close();
  }
}

function fromRows([roots = [], bridges = [], ports = [], ifaces = [], controllers = []]: Row[][]): Database {
  const byUuid = (rows: Row[]): Map<string, Row> =>
    new Map(rows.map((row) => [Array.isArray(row['_uuid']) ? String(row['_uuid'][1]) : '', row]));
  const [root = {}] = roots;
  const [portRows, ifaceRows, controllerRows] = [byUuid(ports), byUuid(ifaces), byUuid(controllers)];
  const bridgeOf = (row: Row): Bridge => ({
    name: String(row['name']),
    role: map(row['external_ids'])['sluice-role'],
    daemon: map(row['external_ids'])['sluice-daemon'],
    datapathType: texts(row['datapath_type'])[0] ?? '',
    datapathId: texts(row['datapath_id'])[0],
    failMode: texts(row['fail_mode'])[0],
    protocols: texts(row['protocols']),
    otherConfig: map(row['other_config']),
    controllers: referred(row['controller'], controllerRows).map((each) => String(each['target'])),
    ports: referred(row['ports'], portRows).map((each) => portOf(each, ifaceRows)),
  });
  return {
    version: texts(root['ovs_version'])[0],
    schema: texts(root['db_version'])[0],
    datapathTypes: texts(root['datapath_types']),
    otherConfig: map(root['other_config']),
    bridges: bridges.map(bridgeOf),
  };
}
