/**
 * `npm test`: set up what is missing, the core's own tests under the sanitizers, vitest, then the fuzz targets for seconds.
 * `--long` adds the long tests and fuzzes ten minutes a target; other arguments go to vitest, and with a path among them
 * only those tests run.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fuzz } from './fuzz.mjs';
import { fail, inCi, packaged, root, say, show, stampOf, step } from './lib.mjs';
import { forgetMovedBuild, leaveStamp, nativeHash, setup } from './setup.mjs';

const args = process.argv.slice(2);
const long = args.includes('--long');
const rest = args.filter((arg) => arg !== '--long');

await setup({ tests: true });
const onlySome = rest.some((arg) => !arg.startsWith('-'));
const core = onlySome ? 0 : await testCore();
const vitest = show(
  process.execPath,
  [packaged('vitest/vitest.mjs'), 'run', '--config', 'test/vitest.config.ts', ...rest],
  { SLUICE_TEST_BUILT: '1', ...(long ? { SLUICE_LONG: '1' } : {}) },
);
// A path among the arguments asks for those tests only.
const found = onlySome ? 0 : await fuzz(long ? 600 : 5);
process.exitCode = core || vitest || found;

/** native/core without Node, under AddressSanitizer and UndefinedBehaviorSanitizer. */
async function testCore() {
  if (!existsSync('/usr/include/doctest/doctest.h')) {
    if (inCi) fail('doctest is not installed: apt-get install -y doctest-dev');
    say("the core's tests are skipped: doctest is not installed (apt-get install -y doctest-dev).");
    return 0;
  }
  const dir = 'native/build-test';
  const stamp = `${dir}/.sluice-stamp`;
  const hash = nativeHash('sanitized');
  if (stampOf(stamp) !== hash) {
    forgetMovedBuild(dir);
    const options = ['-DSLUICE_TESTS=ON', '-DSLUICE_SANITIZE=ON', '-DCMAKE_BUILD_TYPE=Debug'];
    await step('core-configure', "configuring the core's tests", 'cmake', ['-S', 'native', '-B', dir, ...options]);
    await step('core-build', "building the core's tests with sanitizers", 'cmake', ['--build', dir, '--parallel', '2']);
    leaveStamp(stamp, hash);
  }
  const status = show(join(root, dir, 'sluice_core_test'), []);
  if (status !== 0) say(`the core's tests failed (${status}); vitest goes on, the run fails.`);
  return status;
}
