/** Files to objects, and complaints back to lines. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { host, serveTestApi } from '../api/support.js';
import type { Served } from '../api/support.js';
import { run } from './support.js';
import type { Ran, RunOptions } from './support.js';

let served: Served;

beforeEach(async () => {
  served = await serveTestApi();
});

afterEach(() => served.stop());

function file(name: string, text: string): string {
  const path = join(served.dir, name);
  writeFileSync(path, text);
  return path;
}

const apply = (line: string, options: RunOptions = {}): Promise<Ran> =>
  run(`apply ${line}`, { ...options, env: { SLUICE_SOCKET: served.socket } });

const created7 =
  '7 created, 0 updated, 0 deleted, 0 unchanged (generation 1)\n' +
  '12 flows added, 1 modified, 0 deleted: compiled in 240 µs, confirmed by the switch in 3.1 ms\n';

describe('the same host in every form', () => {
  test.each<[string, () => string]>([
    ['documents', () => file('h.yaml', host.map((object) => stringify(object)).join('---\n'))],
    ['a list', () => file('h.yml', stringify(host))],
    ['an envelope', () => file('h.yaml', stringify({ objects: host }))],
    ['JSON', () => file('h.json', JSON.stringify(host))],
    ['NDJSON', () => file('h.ndjson', host.map((object) => JSON.stringify(object)).join('\n'))],
    ['JSON objects one a line', () => file('h.json', host.map((object) => JSON.stringify(object)).join('\n'))],
  ])('%s', async (_name, make) => {
    expect(await apply(`-f ${make()}`)).toEqual({ code: 0, out: created7, err: '' });
  });

  test('a directory, by name', async () => {
    mkdirSync(join(served.dir, 'host'));
    file('host/README.md', 'not this');
    for (const [i, object] of host.entries()) file(`host/${i}.yaml`, stringify(object));
    expect((await apply(`-f ${served.dir}/host`)).out).toBe(created7);
  });

  test('standard input, and several files', async () => {
    const first = file('first.yaml', stringify(host.slice(0, 3)));
    expect((await apply(`-f ${first} -f -`, { stdin: stringify(host.slice(3)) })).out).toBe(created7);
  });
});

test('a dry run changes nothing', async () => {
  const path = file('h.yaml', stringify(host));
  expect((await apply(`-f ${path} --dry-run`)).out).toBe(
    '7 created, 0 updated, 0 deleted, 0 unchanged (dry run: nothing was changed)\n',
  );
  expect(served.controller.state.generation).toBe(0);
});

test('an envelope may delete', async () => {
  await apply(`-f ${file('h.yaml', stringify(host))}`);
  const path = file('d.yaml', 'delete: [endpoint/web-1, {kind: rule, key: blue/app-policy/10}]\n');
  expect((await apply(`-f ${path} --level accepted`)).out).toBe(
    '0 created, 0 updated, 2 deleted, 0 unchanged (generation 2)\n',
  );
});

test('what is stored but not in place is named, with exit 65 unless only storing was asked', async () => {
  served.controller.statuses.set('endpoint/web-1', { state: 'waiting', waitingFor: 'interface veth-web-1' });
  served.controller.statuses.set('rule/blue/app-policy/10', {
    state: 'quarantined',
    problems: [{ code: 'OFPBAC_BAD_OUT_PORT', message: 'the switch refused a flow', flow: 'table=0 actions=output:9' }],
  });
  const path = file('h.yaml', stringify(host));
  const { code, err } = await apply(`-f ${path}`);
  expect(code).toBe(65);
  expect(err.split('\n').toSorted()).toEqual([
    '',
    'sluice: endpoint/web-1: waits for interface veth-web-1',
    'sluice: rule/blue/app-policy/10: quarantined: the switch refused a flow: table=0 actions=output:9',
  ]);
  expect((await apply(`-f ${path} --level accepted`)).code).toBe(0);
});

describe('complaints name file, line and column', () => {
  const text = `# the host
kind: tenant
name: blue
---
kind: network
tenant: blue
name: front
encap: vlan
vlan: 5000
---
- kind: group
  tenant: blue
  name: web
  netwrk: front
- kind: network
  tenant: blue
  name: back
  encap: vxlan
`;

  test('of what the model refuses', async () => {
    const path = file('bad.yaml', text);
    const { code, err } = await apply(`-f ${path}`);
    expect(code).toBe(4);
    const lines = err.replaceAll(served.dir, '').trimEnd().split('\n');
    expect(lines.at(-1)).toBe('nothing was changed');
    expect(lines[0]).toMatch(/^sluice: \/bad\.yaml:9:1: .*4094/);
    expect(lines.find((line) => line.includes('netwrk'))).toMatch(/^\/bad\.yaml:14:3: .*did you mean `network`\?/);
    // A field that is missing is complained about where its object begins.
    expect(lines.find((line) => line.includes('vni'))).toMatch(/^\/bad\.yaml:15:3: /);
    expect(served.controller.state.generation).toBe(0);
  });

  test.each<[string, string, string, RegExp]>([
    ['JSON', 'bad.json', '[\n {"kind": "tenant",\n  "nam": "blue"}\n]', /\/bad\.json:3:3: /],
    ['NDJSON, by line', 'bad.ndjson', '\n{"kind":"tenant","nam":"blue"}', /\/bad\.ndjson:2: nam: /],
    ['YAML that cannot be read', 'bad.yaml', 'kind: tenant\nname: [blue\n', /\/bad\.yaml:3:1: /],
    ['a tab', 'tab.yaml', 'kind: tenant\n\tname: blue\n', /\/tab\.yaml:2:1: /],
    ['a key twice', 'twice.yaml', 'kind: tenant\nname: a\nname: b\n', /\/twice\.yaml:3:1: /],
    [
      'a line that is not JSON',
      'bad.ndjson',
      '{"kind":"tenant","name":"blue"}\n{oops\n',
      /\/bad\.ndjson:2: this line is not JSON/,
    ],
    ['no object at all', 'empty.yaml', '# nothing\n', /there is no object in /],
  ])('%s', async (_name, name, content, message) => {
    const { code, out, err } = await apply(`-f ${file(name, content)}`);
    expect([code, out]).toEqual([4, '']);
    expect(err).toMatch(message);
    expect(served.controller.state.generation).toBe(0);
  });

  test('a directory without files', async () => {
    mkdirSync(join(served.dir, 'none'));
    expect((await apply(`-f ${served.dir}/none`)).err).toContain('there is no .yaml or .json file in');
  });
});
