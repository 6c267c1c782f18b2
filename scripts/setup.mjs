/**
 * Everything between a fresh clone and a program that runs: packages of the distribution, packages of npm, the addon,
 * JavaScript from TypeScript. Each step is skipped when what it makes is newer than what it is made of.
 * Neighbours: start, test and bench begin with setup(); `npm run build` is this file with --build, which redoes the builds.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installPackages } from './apt.mjs';
import { fail, filesUnder, hashOf, packaged, root, stampOf, step } from './lib.mjs';

/** `tests`: also what only tests need. `force`: build even what is up to date. */
export async function setup({ tests = false, force = false } = {}) {
  checkNode();
  await installPackages({ tests });
  await installNpmPackages();
  await buildAddon(force);
  await buildTypeScript(force);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node ${process.versions.node} is too old: 20.19 or later is needed (https://nodejs.org/en/download).`);
  }
}

async function installNpmPackages() {
  if (npmPackagesMatch()) return;
  const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  const [command, argv] = npm === undefined ? ['npm', args] : [process.execPath, [npm, ...args]];
  await step('npm-ci', 'installing npm packages', command, argv);
}

/** npm writes node_modules/.package-lock.json last: it is there and says the same versions, or the install is repeated. */
function npmPackagesMatch() {
  const installedLock = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedLock)) return false;
  const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = packagesIn(installedLock);
  // Optional ones are there for some platforms only.
  return Object.entries(packagesIn(join(root, 'package-lock.json'))).every(
    ([path, wanted]) => path === '' || wanted.optional || installed[path]?.version === wanted.version,
  );
}

/** native/, its build folders left out. */
export function nativeHash(...more) {
  return hashOf(
    [...filesUnder(['native'], (name) => name.startsWith('build') || name === 'corpus'), 'package-lock.json'],
    root,
    ...more,
  );
}

async function buildAddon(force) {
  const stamp = 'native/build/.sluice-stamp';
  const hash = nativeHash(process.versions.napi, process.arch);
  if (!force && stampOf(stamp) === hash && existsSync(join(root, 'native/build/Release/sluice.node'))) return;
  forgetMovedBuild('native/build');
  const args = [packaged('cmake-js/bin/cmake-js'), 'compile', '-d', 'native'];
  await step('addon', 'building the addon', process.execPath, args);
  leaveStamp(stamp, hash);
}

/** CMake refuses a cache that was made under another path. */
export function forgetMovedBuild(dir) {
  const cache = join(root, dir, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (home !== join(root, 'native')) rmSync(join(root, dir), { recursive: true });
}

async function buildTypeScript(force) {
  const stamp = 'dist/.sluice-stamp';
  const hash = hashOf([...filesUnder(['src']), 'tsconfig.json', 'package-lock.json']);
  if (!force && stampOf(stamp) === hash) return;
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  await step('tsc', 'compiling TypeScript', process.execPath, [packaged('typescript/bin/tsc'), '-p', 'tsconfig.json']);
  // npx makes the command executable when it links it, and not again after another build.
  chmodSync(join(root, 'dist/cli/index.js'), 0o755);
  leaveStamp(stamp, hash);
}

export function leaveStamp(path, hash) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), hash);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const flags = new Set(process.argv.slice(2));
  await setup({ tests: flags.has('--tests'), force: flags.has('--build') });
}
