/**
 * What the set-up scripts share: saying, failing, running a program with its output in a log, hashing sources.
 * Node built-ins only: this runs before any package is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const asRoot = process.getuid?.() === 0;
export const inCi = process.env.CI === 'true';

export function say(line) {
  console.log(`sluice: ${line}`);
}

/** Ends the script with one message. */
export function fail(message) {
  console.error(`sluice: ${message}`);
  process.exit(1);
}

/** Runs a program with its output in .sluice/<name>.log; a failure shows the log's last lines and ends the script. */
export async function step(name, what, command, args, options = {}) {
  const begun = performance.now();
  say(`${what} …`);
  const { status, log } = await logged(name, command, args, options);
  if (status === 0) {
    say(`${what}: done in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    return true;
  }
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-25);
  const message = `${what} failed (${status}). The last lines of ${log}:\n\n${lines.join('\n')}\n`;
  if (options.optional !== true) fail(message);
  console.error(`sluice: ${message}`);
  return false;
}

function logged(name, command, args, { env = {}, cwd = root }) {
  const dir = join(root, '.sluice');
  mkdirSync(dir, { recursive: true });
  const log = join(dir, `${name}.log`);
  const out = openSync(log, 'w');
  return new Promise((resolve) => {
    const done = (status) => {
      closeSync(out);
      resolve({ status, log });
    };
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', out, out] });
    child.once('error', (error) => done(error.message));
    child.once('close', (status, signal) => done(status ?? signal));
  });
}

/** Runs a program on our own terminal; answers its exit status. */
export function show(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error !== undefined) fail(`${command}: ${error.message}`);
  return status ?? 1;
}

/** The script a package's bin name stands for; run with this Node, so PATH does not matter. */
export function packaged(path) {
  return join(root, 'node_modules', path);
}

const onPath = `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin`.split(':');

/** Whether a program is installed; plain users' PATH lacks the sbin folders. */
export function hasProgram(name) {
  return onPath.some((dir) => dir !== '' && existsSync(join(dir, name)));
}

/** Whether clang 14's sanitizers and libFuzzer are there; they are a package of their own. */
export function hasFuzzRuntime() {
  const versions = '/usr/lib/llvm-14/lib/clang';
  return existsSync(versions) && readdirSync(versions).some((one) => existsSync(join(versions, one, 'lib/linux')));
}

/** Every file under these places (relative to the root), sorted; folders for which `skip` answers true are left out. */
export function filesUnder(places, skip = () => false) {
  const found = [];
  const walk = (path) => {
    if (!existsSync(join(root, path))) return;
    for (const one of readdirSync(join(root, path), { withFileTypes: true })) {
      const inner = `${path}/${one.name}`;
      if (!one.isDirectory()) found.push(inner);
      else if (!skip(one.name)) walk(inner);
    }
  };
  places.forEach(walk);
  return found.toSorted((a, b) => (a < b ? -1 : 1));
}

/** One hash over names and contents. */
export function hashOf(files, ...more) {
  const hash = createHash('sha256');
  for (const text of more) hash.update(`${text}\0`);
  for (const file of files) {
    hash.update(`${file}\0`);
    hash.update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** The hash a step left when it last succeeded. */
export function stampOf(path) {
  const file = join(root, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
