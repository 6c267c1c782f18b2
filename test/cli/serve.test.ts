/** `sluice serve` up to the door of the daemon: settings in, failures told, signals. */
import { describe, expect, test } from 'vitest';
import { serve, switchRemedy } from '../../src/cli/serve.js';
import type { StartDaemon } from '../../src/cli/serve.js';
import { failureOf } from '../../src/cli/failure.js';
import { SluiceError } from '../../src/model/errors.js';
import type { DaemonConfig } from '../../src/config/index.js';
import { run } from './support.js';

interface Told {
  code: number;
  err: string;
}

async function serving(argv: string, start: StartDaemon, env: Record<string, string> = {}): Promise<Told> {
  let err = '';
  const io = { out: () => {}, err: (text: string) => void (err += text), stdin: async () => '', env, uid: 0 };
  try {
    const code = await serve(argv === '' ? [] : argv.split(' '), io, start, async () => {});
    return { code, err };
  } catch (error) {
    const failure = failureOf(error);
    return { code: failure.code, err: failure.text };
  }
}

test('settings reach the daemon, and it is stopped in the end', async () => {
  const seen: (DaemonConfig | string)[] = [];
  const start: StartDaemon = async (config) => {
    seen.push(config);
    return { socket: config.socket, stop: async () => void seen.push('stopped') };
  };
  const told = await serving('-vtep-ip 10.0.0.5 -vlan-if eth1 --socket /tmp/x.sock', start);
  expect(told).toEqual({ code: 0, err: 'sluice: serving on /tmp/x.sock\n' });
  expect(seen).toEqual([expect.objectContaining({ vtepIp: '10.0.0.5', vlanInterfaces: ['eth1'] }), 'stopped']);
});

describe('what stands in the way is told in a sentence', () => {
  const failing =
    (error: Error): StartDaemon =>
    () =>
      Promise.reject(error);

  test('no switch', async () => {
    const error = new SluiceError('switch_unavailable', "Open vSwitch's database at /run/db.sock does not answer.");
    const { code, err } = await serving('', failing(error));
    expect(code).toBe(1);
    expect(err).toMatch(
      /^Open vSwitch's database at \/run\/db\.sock does not answer: (start|install) it with `sudo [a-z -]+`, or try Sluice on a private one with `sluice serve --sandbox`\n$/,
    );
  });

  test('what to type depends on whether it is installed', () => {
    expect(switchRemedy(true)).toMatch(/^start it with `sudo systemctl start openvswitch-switch`, or try /);
    expect(switchRemedy(false)).toMatch(/^install it with `sudo apt-get install openvswitch-switch`, or try /);
  });

  test('a setting that the model refuses is named as it was given', async () => {
    const problems = [
      {
        pointer: '/objects/0/vlanInterfaces',
        code: 'not_supported',
        message: 'a bond is not supported yet',
        suggestion: 'name one',
      },
      { pointer: '/objects/0/vtepIp', code: 'bad_address', message: 'no host can have it' },
    ];
    const start = failing(new SluiceError('invalid_request', 'Refused.', { problems }));
    expect(await serving('-vlan-if eth1,eth2', start, { CONTIV_NETPLUGIN_VTEP_IP: '10.0.0.5' })).toEqual({
      code: 2,
      err: '--vlan-if: a bond is not supported yet (name one)\nCONTIV_NETPLUGIN_VTEP_IP: no host can have it\n',
    });
  });

  test('a socket that is taken', async () => {
    const start = failing(new SluiceError('conflict', '/run/sluice/sluice.sock is already served by pid 42.'));
    expect(await serving('', start)).toEqual({
      code: 1,
      err: '/run/sluice/sluice.sock is already served by pid 42.\n',
    });
  });
});

test('--show-config prints where each value came from', async () => {
  const { code, out } = await run('serve -vtep-ip 10.0.0.5 --show-config', { env: { SLUICE_BRIDGE: 'br0' } });
  expect(code).toBe(0);
  expect(out).toMatch(/^SETTING +VALUE +FROM\nvtepIp +10\.0\.0\.5 +--vtep-ip\n/);
  expect(out).toMatch(/^bridge +br0 +SLUICE_BRIDGE$/m);
});
