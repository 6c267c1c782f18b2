/** The house stays as it was laid out: small files, and a top level that fits on one screen. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, root } from './rooms.js';

const maxLines = 400;

test(`no source has more than ${maxLines} lines`, () => {
  const long = ['src', 'native', 'test', 'bench', 'scripts', 'docs', 'examples']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      filesBelow(join(root, folder), /\.(ts|mts|mjs|js|h|cpp|md|css|html)$/).map((file) => join(folder, file)),
    )
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > maxLines);
  expect(long).toEqual([]);
});

const topLevel = new Set([
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'README.md', 'LICENSE'],
  ...['src', 'native', 'test', 'bench', 'docs', 'examples', 'scripts'],
]);
/** Made here and never committed. */
const made = new Set(['node_modules', 'dist']);

test('the top level holds what it may and nothing else', () => {
  const strange = readdirSync(root).filter((name) => !name.startsWith('.') && !topLevel.has(name) && !made.has(name));
  expect(strange).toEqual([]);
});

test.skipIf(!existsSync(join(root, '.git')))('no build product and no installed package is tracked', () => {
  // The checkout may belong to another user, as in a container.
  const args = ['-c', 'safe.directory=*', 'ls-files'];
  const tracked = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n');
  expect(tracked.length).toBeGreaterThan(100);
  expect(tracked.filter((file) => /(^|\/)(node_modules|dist|build|build-[^/]*)\/|\.node$|\.log$/.test(file))).toEqual(
    [],
  );
});
