/** Help texts, kept as they are read; names of commands and flags are public. */
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.js';
import { run } from './support.js';

const mine = [
  'serve',
  'apply',
  'get',
  'delete',
  'flows',
  'trace',
  'set',
  'config',
  'doctor',
  'events',
  'resync',
  'retry',
  'status',
];

test.each(mine)('sluice %s --help', async (name) => {
  const { code, out, err } = await run(`${name} --help`);
  expect([code, err]).toEqual([0, '']);
  await expect(out).toMatchFileSnapshot(`help/${name}.txt`);
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  expect((await run(`help ${name}`)).out).toBe(out);
  expect((await run(`${name} -h`)).out).toBe(out);
});

test('sluice --help lists every command and every exit code', async () => {
  const { code, out } = await run('--help');
  expect(code).toBe(0);
  for (const { name, summary } of commands) expect(out).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  for (const number of [0, 1, 2, 3, 4, 5, 65, 66]) expect(out).toMatch(new RegExp(`(^|  )${number}  [a-z]`, 'm'));
  expect(commands.map(({ name }) => name)).toEqual(expect.arrayContaining(mine));
});

describe('every command', () => {
  test.each(commands.map(({ name, load }) => [name, load] as const))('%s is described in full', async (name, load) => {
    const { command } = await load();
    expect(command.name).toBe(name);
    expect(command.usage.startsWith(name)).toBe(true);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const flag of command.flags) expect(flag.help, flag.name).toMatch(/\.$/);
  });
});

test('no command is wrong use and shows the help', async () => {
  const { code, out, err } = await run('');
  expect([code, out]).toEqual([2, '']);
  expect(err).toBe((await run('--help')).out);
});

test.each(['--version', '-version', 'version'])('sluice %s', async (line) => {
  expect((await run(line)).out).toMatch(/^sluice [0-9]+\.[0-9]+\.[0-9]+\n$/);
});
