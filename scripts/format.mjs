/** `npm run format` (--write) and `npm run format:check` (--check): prettier, and clang-format for native/. */
import { fail, filesUnder, hasProgram, inCi, packaged, say, show } from './lib.mjs';

const write = process.argv.includes('--write');
const prettier = show(process.execPath, [
  packaged('prettier/bin/prettier.cjs'),
  write ? '--write' : '--check',
  '--log-level=warn',
  '.',
]);
const sources = filesUnder(['native'], (name) => name.startsWith('build')).filter((file) => /\.(h|cpp)$/.test(file));
let clang = 0;
// One major only: the output differs between majors.
if (hasProgram('clang-format-19'))
  clang = show('clang-format-19', [...(write ? ['-i'] : ['--dry-run', '-Werror']), ...sources]);
else if (inCi) fail('clang-format-19 is not installed: apt-get install -y clang-format-19');
else say('native/ is left out: clang-format-19 is not installed (apt-get install -y clang-format-19).');
process.exitCode = prettier || clang;
