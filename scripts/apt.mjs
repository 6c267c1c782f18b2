/**
 * Programs from the distribution: which are missing, and how to get them.
 * Neighbour: setup.mjs. Root gets them through apt-get; anybody else gets one message with the exact command.
 */
import { existsSync } from 'node:fs';
import { asRoot, fail, hasFuzzRuntime, hasProgram, inCi, say, step } from './lib.mjs';

const program = (name) => () => hasProgram(name);

/** `for`: always, root (namespaces and packets), or tests (which are skipped out loud without it). */
const packages = [
  {
    name: 'openvswitch-switch',
    for: 'always',
    installed: () => hasProgram('ovs-vswitchd') && existsSync('/usr/share/openvswitch/vswitch.ovsschema'),
  },
  { name: 'g++', for: 'always', installed: program('g++') },
  { name: 'make', for: 'always', installed: program('make') },
  { name: 'cmake', for: 'always', installed: program('cmake') },
  { name: 'iproute2', for: 'root', installed: program('ip') },
  { name: 'iputils-ping', for: 'root', installed: program('ping') },
  { name: 'ethtool', for: 'root', installed: program('ethtool') },
  { name: 'tcpdump', for: 'tests', installed: program('tcpdump') },
  { name: 'doctest-dev', for: 'tests', installed: () => existsSync('/usr/include/doctest/doctest.h') },
  { name: 'clang-14', for: 'tests', installed: program('clang++-14') },
  { name: 'libclang-rt-14-dev', for: 'tests', installed: hasFuzzRuntime },
  { name: 'clang-format-19', for: 'tests', installed: program('clang-format-19') },
];

const missing = (...purposes) => packages.filter((one) => purposes.includes(one.for) && !one.installed());
const names = (list) => list.map((one) => one.name).join(' ');

export async function installPackages({ tests }) {
  const needed = asRoot ? missing('always', 'root') : missing('always');
  const wanted = tests ? missing('tests') : [];
  if (needed.length + wanted.length === 0) return;
  if (!asRoot) {
    if (needed.length > 0) fail(`these are missing: run  sudo apt-get install -y ${names(needed)}  and try again.`);
    say(`without ${names(wanted)} some tests are skipped; get them with  sudo apt-get install -y ${names(wanted)}`);
    return;
  }
  if (!hasProgram('apt-get'))
    fail(`these are missing, and there is no apt-get to get them with: ${names([...needed, ...wanted])}`);
  await step('apt-update', 'reading the package lists', 'apt-get', ['update'], { env: quiet, optional: true });
  if (needed.length > 0) await install(needed, false);
  // One by one: an older distribution lacks some, and the rest is still worth having.
  for (const one of wanted) {
    const done = await install([one], !inCi);
    if (!done) say(`${one.name} could not be installed: the tests that need it are skipped.`);
  }
}

const quiet = { DEBIAN_FRONTEND: 'noninteractive' };

function install(list, optional) {
  const args = ['install', '-y', '--no-install-recommends', ...list.map((one) => one.name)];
  return step('apt-install', `installing ${names(list)}`, 'apt-get', args, { env: quiet, optional });
}
