/**
 * The fuzz targets of native/fuzz under the sanitizers, each for some seconds, from the corpus in native/fuzz/corpus.
 * Neighbours: test.mjs runs it, briefly or for ten minutes a target. What a target finds lies in .sluice/fuzz afterwards.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail, filesUnder, hasFuzzRuntime, hasProgram, inCi, root, say, stampOf, step } from './lib.mjs';
import { forgetMovedBuild, leaveStamp, nativeHash } from './setup.mjs';

const compiler = 'clang++-14';
const dir = 'native/build-fuzz';
const atOnce = 2;

/** Answers 0, or 1 when a target found something. */
export async function fuzz(seconds) {
  if (!hasProgram(compiler) || !hasFuzzRuntime()) {
    const missing = `${compiler} is not installed: apt-get install -y clang-14 libclang-rt-14-dev`;
    if (inCi) fail(missing);
    say(`the fuzz targets are skipped: ${missing}`);
    return 0;
  }
  await build();
  const targets = filesUnder(['native/fuzz'], (name) => name === 'corpus').map((file) => /(\w+)\.cpp$/.exec(file)[1]);
  say(`fuzzing ${targets.length} targets for ${seconds} s each …`);
  let failures = 0;
  const queue = [...targets];
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      if (!(await one(name, seconds))) failures += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return failures === 0 ? 0 : 1;
}

async function build() {
  const stamp = `${dir}/.sluice-stamp`;
  const hash = nativeHash('fuzz');
  if (stampOf(stamp) === hash) return;
  forgetMovedBuild(dir);
  const options = ['-DSLUICE_FUZZ=ON', '-DSLUICE_SANITIZE=ON', '-DCMAKE_BUILD_TYPE=RelWithDebInfo'];
  const args = ['-S', 'native', '-B', dir, ...options, `-DCMAKE_CXX_COMPILER=${compiler}`];
  await step('fuzz-configure', 'configuring the fuzz targets', 'cmake', args);
  await step('fuzz-build', 'building the fuzz targets', 'cmake', ['--build', dir, '--parallel', '2']);
  leaveStamp(stamp, hash);
}

/** New inputs go to a directory of their own, so that a run leaves the corpus as it was. */
async function one(name, seconds) {
  const own = join(root, '.sluice/fuzz', name);
  rmSync(own, { recursive: true, force: true });
  mkdirSync(join(own, 'new'), { recursive: true });
  const corpus = join(root, 'native/fuzz/corpus', name);
  const args = [`-max_total_time=${seconds}`, '-timeout=10', '-rss_limit_mb=2048', `-artifact_prefix=${own}/`];
  const log = join(own, 'log');
  const out = openSync(log, 'w');
  const places = [join(own, 'new'), ...(existsSync(corpus) ? [corpus] : [])];
  const child = spawn(join(root, dir, `fuzz_${name}`), [...args, ...places], { stdio: ['ignore', out, out] });
  const status = await new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  const text = readFileSync(log, 'utf8');
  if (status === 0) {
    const runs = /^Done (\d+) runs/m.exec(text)?.[1];
    say(`fuzz ${name}: no finding in ${Number(runs).toLocaleString('en')} runs`);
    return true;
  }
  say(`fuzz ${name} FAILED (${status}); the input lies in ${own}. The last lines of ${log}:`);
  console.error(text.trimEnd().split('\n').slice(-30).join('\n'));
  return false;
}
