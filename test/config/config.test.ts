/** Flags, environment and file: what each form of a setting comes to, and what each mistake is told. */
import { describe, expect, test } from 'vitest';
import {
  UsageError,
  daemonFlags,
  effectiveConfig,
  explainConfig,
  givenSettings,
  loadConfig,
  parseFlags,
} from '../../src/config/index.js';
import type { DaemonConfig } from '../../src/config/index.js';

interface Case {
  argv?: string;
  env?: Record<string, string>;
  file?: string;
  token?: string;
  uid?: number;
}

function load({ argv = '', env = {}, file, token, uid = 0 }: Case): Promise<DaemonConfig> {
  return loadConfig({
    argv: argv === '' ? [] : argv.split(' '),
    env,
    uid,
    readFile(path) {
      if (path === '/etc/sluice/config.yaml' && file !== undefined) return file;
      if (path === '/tok' && token !== undefined) return token;
      throw Object.assign(new Error('no'), { code: 'ENOENT' });
    },
  });
}

async function refusal(input: Case): Promise<UsageError> {
  const error: unknown = await load(input).catch((caught: unknown) => caught);
  if (error instanceof UsageError) return error;
  throw new Error(`was not refused: ${JSON.stringify(input)}`, { cause: error });
}

describe('the same setting in every dialect', () => {
  const dialects = [
    '-vtep-ip 10.0.0.5 -vlan-if eth1,eth2',
    '--vtep-ip 10.0.0.5 --vlan-if eth1 --vlan-if eth2',
    '--vtep-ip=10.0.0.5 -vlan-if=eth1 -vlan-if=eth2',
    '-vtep-ip=10.0.0.5 -vlan-uplinks eth1 --vlan-if eth2,',
  ];
  test.each(dialects)('%s', async (argv) => {
    const config = await load({ argv });
    expect(config.vtepIp).toBe('10.0.0.5');
    expect(config.vlanInterfaces).toEqual(['eth1', 'eth2']);
    expect(config.sources.vlanInterfaces).toEqual({ from: 'flag', name: '--vlan-if' });
  });

  test('spaces around names are trimmed', async () => {
    const config = await load({ env: { SLUICE_VLAN_IF: ' eth3.100 , en-x,' } });
    expect(config.vlanInterfaces).toEqual(['eth3.100', 'en-x']);
  });

  test.each([
    ['-debug', 'debug'],
    ['--debug=true', 'debug'],
    ['-debug=false', 'info'],
    ['--no-debug', 'info'],
    ['-debug -log-level warn', 'warn'],
    ['--log-level=DEBUG', 'debug'],
  ])('%s is log level %s', async (argv, level) => {
    expect((await load({ argv })).logLevel).toBe(level);
  });
});

describe('what outranks what', () => {
  const contiv = { CONTIV_NETPLUGIN_VTEP_IP: '10.0.0.4' };
  const ours = { SLUICE_VTEP_IP: '10.0.0.2' };
  test.each<[string, Case, string, string]>([
    [
      'flag',
      { argv: '-vtep-ip 10.0.0.1', env: { ...ours, ...contiv }, file: 'vtepIp: 10.0.0.3' },
      '10.0.0.1',
      '--vtep-ip',
    ],
    ['our variable', { env: { ...ours, ...contiv }, file: 'vtepIp: 10.0.0.3' }, '10.0.0.2', 'SLUICE_VTEP_IP'],
    ['file', { env: contiv, file: '# host\nvtep-ip: 10.0.0.3' }, '10.0.0.3', '/etc/sluice/config.yaml:2'],
    ["Contiv's variable", { env: contiv }, '10.0.0.4', 'CONTIV_NETPLUGIN_VTEP_IP'],
    ['an empty variable is none', { env: { ...contiv, SLUICE_VTEP_IP: '' } }, '10.0.0.4', 'CONTIV_NETPLUGIN_VTEP_IP'],
  ])('%s', async (_name, input, value, source) => {
    const config = await load(input);
    expect(config.vtepIp).toBe(value);
    expect(config.sources.vtepIp?.name).toBe(source);
  });

  test("Contiv's other variables are read too", async () => {
    const config = await load({
      env: {
        CONTIV_NETPLUGIN_VLAN_UPLINKS: 'eth2,eth1',
        CONTIV_NETPLUGIN_VXLAN_PORT: '8472',
        OVS_RUNDIR: '/opt/ovs/run',
      },
    });
    expect(config).toMatchObject({
      vlanInterfaces: ['eth2', 'eth1'],
      vxlanPort: 8472,
      rundir: '/opt/ovs/run',
      db: 'unix:/opt/ovs/run/db.sock',
    });
  });

  test('defaults of root', async () => {
    const { sources, ...config } = await load({});
    expect(config).toEqual({
      vlanInterfaces: [],
      underlayInterfaces: [],
      adoptHostIp: false,
      confirmWithin: 30,
      bondMode: 'balance-tcp',
      lacp: 'active',
      vxlanPort: 4789,
      bridge: 'br-sluice',
      uplinkBridge: 'br-sluice-up',
      datapathType: 'system',
      db: 'unix:/var/run/openvswitch/db.sock',
      rundir: '/var/run/openvswitch',
      stateDir: '/var/lib/sluice',
      takeOver: false,
      socket: '/run/sluice/sluice.sock',
      listen: [],
      logLevel: 'info',
      sandbox: false,
    });
    expect(Object.keys(sources)).toHaveLength(21);
    expect(sources.db).toEqual({ from: 'default', name: 'rundir' });
  });

  test('an unprivileged user gets places of their own', async () => {
    const config = await load({ uid: 1000, env: { HOME: '/home/ann', XDG_RUNTIME_DIR: '/run/user/1000' } });
    expect(config.socket).toBe('/run/user/1000/sluice.sock');
    expect(config.stateDir).toBe('/home/ann/.local/state/sluice');
  });

  test('only what somebody gave becomes a setting of the model', async () => {
    const config = await load({ argv: '-vtep-ip FD00:0::5 --bridge br0', file: 'vlanInterfaces: [eth1, eth2]' });
    expect(givenSettings(config)).toEqual({ vtepIp: 'fd00::5', vlanInterfaces: ['eth1', 'eth2'], bridge: 'br0' });
    expect(explainConfig(config)).toContainEqual(['vlanInterfaces', 'eth1,eth2', '/etc/sluice/config.yaml:1']);
  });
});

describe('mistakes are told in one sentence', () => {
  test.each<[Case, string, string | undefined]>([
    [{ argv: '--vtep-pi 10.0.0.5' }, 'unknown flag --vtep-pi', 'did you mean --vtep-ip?'],
    [{ argv: '-vlanif eth1' }, 'unknown flag -vlanif', 'did you mean --vlan-if?'],
    [{ argv: '--zzz' }, 'unknown flag --zzz', undefined],
    [
      { argv: '--netmode vxlan' },
      'unknown flag --netmode',
      'each network says itself whether it is a vlan or a vxlan; leave the flag out',
    ],
    [{ argv: '--vtep-ip' }, '--vtep-ip needs a value', 'for example: --vtep-ip 10.0.0.5'],
    [{ argv: '--vtep-ip --debug' }, '--vtep-ip needs a value', 'for example: --vtep-ip 10.0.0.5'],
    [{ argv: '-vtep-ip 10.0.0.1 -vtep-ip 10.0.0.2' }, '--vtep-ip is given twice: 10.0.0.1 and 10.0.0.2', undefined],
    [{ argv: '--vlan-if eth1,eth2,eth1' }, '--vlan-if names eth1 twice', 'give each name once'],
    [{ argv: '-vlan-if eth1 -vlan-uplinks eth1' }, '--vlan-if names eth1 twice', 'give each name once'],
    [{ argv: '--vtep-ip 10.0.0' }, '--vtep-ip: "10.0.0" is not an IP address', 'for example 10.0.0.5 or fd00::5'],
    [{ argv: '--vtep-ip 224.0.0.1' }, '--vtep-ip: 224.0.0.1 is not an address a host can have', undefined],
    [{ argv: '--vxlan-port 70000' }, '--vxlan-port: "70000" is not a port number', 'a port is 1 to 65535'],
    [
      { argv: '--bridge br-much-too-long-a-name' },
      '--bridge: "br-much-too-long-a-name" is not a device name',
      'a device name has 1 to 15 characters, without spaces, "/" or ":"',
    ],
    [
      { argv: '--datapath-type netdve' },
      '--datapath-type: "netdve" is none of system, netdev, dummy',
      'did you mean netdev?',
    ],
    [{ argv: '--debug=maybe' }, '--debug is a switch: it takes true or false, not "maybe"', undefined],
    [{ argv: 'now' }, 'serve takes flags only, not "now"', undefined],
    [{ argv: '--state-dir state' }, '--state-dir: "state" is not an absolute path', undefined],
    [
      { argv: '--db tcp:10.0.0.9:6640' },
      '--db: tcp:10.0.0.9:6640 is not supported: Sluice keeps the switch of its own host',
      'use the local socket, for example unix:/var/run/openvswitch/db.sock',
    ],
    [
      { argv: '--listen ptcp:8080:0.0.0.0' },
      '--listen: 0.0.0.0 is not a loopback address',
      'the API is for this host only: listen on 127.0.0.1 or ::1 and forward the port with ssh',
    ],
    [
      { argv: '--listen ptcp:8080' },
      '--listen: ptcp:8080:127.0.0.1 needs a token, since anybody on this host can reach a TCP port',
      'add --token-file /etc/sluice/token, or listen on a punix: socket',
    ],
    [
      { argv: '--listen ptcp:8080 --token-file /tok', token: 'short\n' },
      '--token-file: the first line of /tok is too short for a token',
      'make one with: (umask 077; openssl rand -hex 32 > /tok)',
    ],
    [{ argv: '--token-file /gone' }, '--token-file: cannot read /gone (ENOENT)', undefined],
    [{ env: { SLUICE_VXLAN_PORT: 'x' } }, 'SLUICE_VXLAN_PORT: "x" is not a port number', 'a port is 1 to 65535'],
  ])('%j', async (input, message, hint) => {
    const error = await refusal(input);
    expect([error.message, error.hint, error.exitCode]).toEqual([message, hint, 2]);
  });

  test.each<[Case, string, string | undefined]>([
    [
      { file: 'vtepIp: 10.0.0.5\nvlanInterface: eth1' },
      '/etc/sluice/config.yaml:2: there is no setting "vlanInterface"',
      'did you mean vlanInterfaces?',
    ],
    [{ file: 'vtepIp: [10.0.0.5' }, '/etc/sluice/config.yaml:1: ', undefined],
    [
      { file: '- eth1' },
      '/etc/sluice/config.yaml: a configuration file is a table of settings',
      'for example: vtepIp: 10.0.0.5',
    ],
    [
      { file: 'vtepIp: 10.0.0.300' },
      '/etc/sluice/config.yaml:1: "10.0.0.300" is not an IP address',
      'for example 10.0.0.5 or fd00::5',
    ],
    [{ file: 'vtepIp: {a: 1}' }, '/etc/sluice/config.yaml:1: a setting is a word', undefined],
    [{ file: 'bridge: br0\nbridge: br1' }, '/etc/sluice/config.yaml:2: ', undefined],
    [
      { argv: '--config /gone.yaml' },
      'cannot read the configuration file /gone.yaml: there is no such file',
      undefined,
    ],
  ])('in a file: %j', async (input, message, hint) => {
    const error = await refusal(input);
    expect(error.message).toContain(message);
    expect([error.hint, error.exitCode]).toEqual([hint, 4]);
  });
});

describe('flags of the commands', () => {
  const flags = [
    { name: 'output', short: 'o', type: 'value', help: '', example: '-o json' },
    { name: 'file', short: 'f', type: 'list', help: '', example: '-f -' },
    { name: 'dry-run', type: 'switch', help: '', example: '--dry-run' },
  ] as const;

  test.each<[string, object, string[]]>([
    ['get -o json web', { output: 'json' }, ['get', 'web']],
    ['-ojson -o=json --output json', { output: 'json' }, []],
    ['-f a.yaml -f -', { file: ['a.yaml', '-'] }, []],
    ['--dry-run -- -x --y', { 'dry-run': true }, ['-x', '--y']],
    ['-dry-run=0 -', { 'dry-run': false }, ['-']],
  ])('%s', (argv, values, positionals) => {
    expect(parseFlags(argv.split(' '), flags)).toEqual({ values, positionals });
  });

  test('every flag of the daemon has a help of two sentences and an example that parses', () => {
    for (const flag of daemonFlags) {
      expect(flag.help.match(/\.( |$)/g), flag.name).toHaveLength(2);
      expect(Object.keys(parseFlags(flag.example.split(' '), daemonFlags).values)).toEqual([flag.name]);
    }
  });
});

describe('what is in force, and why', () => {
  const defaults = {
    kind: 'settings',
    vxlanPort: 4789,
    arpMode: 'proxy',
    bond: { mode: 'balance-tcp', lacp: 'active' },
  };
  const line = async (input: Case, object: Record<string, unknown>, key: string) =>
    effectiveConfig(await load(input), { ...defaults, ...object }, defaults).find((each) => each.key === key);

  test.each<[string, Case, Record<string, unknown>, string, object]>([
    ['a flag', { argv: '-vtep-ip 10.0.0.5' }, { vtepIp: '10.0.0.5' }, 'vtepIp', { from: 'flag', name: '--vtep-ip' }],
    [
      'the API over a flag',
      { argv: '-vtep-ip 10.0.0.5' },
      { vtepIp: '10.0.0.9' },
      'vtepIp',
      { value: '10.0.0.9', name: 'API', overruled: { value: '10.0.0.5', name: '--vtep-ip' } },
    ],
    ['the API over nothing', {}, { vtepIp: '10.0.0.9' }, 'vtepIp', { from: 'api', name: 'API' }],
    [
      'the API taking away',
      { env: { SLUICE_VLAN_IF: 'eth1' } },
      {},
      'vlanInterfaces',
      { value: '-', name: 'API', overruled: { value: 'eth1', name: 'SLUICE_VLAN_IF' } },
    ],
    ['a field of a field', { argv: '--lacp off' }, { bond: { lacp: 'off' } }, 'lacp', { value: 'off', name: '--lacp' }],
    ['the file', { file: 'vxlan-port: 8472' }, { vxlanPort: 8472 }, 'vxlanPort', { from: 'file' }],
    ['nobody', {}, {}, 'vxlanPort', { value: '4789', from: 'default' }],
    ['a setting without a flag', {}, { arpMode: 'flood' }, 'arpMode', { value: 'flood', from: 'api' }],
    ['what cannot change', { argv: '--log-level debug' }, {}, 'logLevel', { value: 'debug', name: '--log-level' }],
  ])('%s', async (_name, input, object, key, expected) => {
    expect(await line(input, object, key)).toMatchObject(expected);
  });

  test('bond mode and LACP are one field of the object', async () => {
    const config = await load({ argv: '--bond-mode active-backup --lacp off' });
    expect(givenSettings(config)).toEqual({ bond: { mode: 'active-backup', lacp: 'off' } });
  });
});

test('a private switch and the place of another are not both meant', async () => {
  for (const place of ['--rundir /run/elsewhere', '--db unix:/run/elsewhere/db.sock']) {
    const { message } = await refusal({ argv: `--sandbox ${place}` });
    expect(message).toBe(
      `${place.split(' ')[0]} names a switch, but --sandbox starts a private one: leave one of them out`,
    );
  }
  const { sandbox } = await load({ argv: '--sandbox', env: { SLUICE_RUNDIR: '/run/elsewhere' } });
  expect(sandbox).toBe(true);
});
