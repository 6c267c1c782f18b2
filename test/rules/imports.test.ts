/** The import rule holds, and the check of it finds every way to break it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { filesBelow, importBreaks, importsOf, nativeBreaks, root } from './rooms.js';

test('src/ keeps the import rule', () => {
  expect(importBreaks(join(root, 'src'))).toEqual([]);
});

test('native/ keeps its border: a core without Node, an addon without protocols', () => {
  expect(nativeBreaks(join(root, 'native'))).toEqual([]);
});

test('the checker sees the sources at all', () => {
  expect(filesBelow(join(root, 'src'), /\.ts$/).length).toBeGreaterThan(50);
  expect(filesBelow(join(root, 'native'), /\.(h|cpp)$/).length).toBeGreaterThan(20);
});

describe('broken on purpose', () => {
  const made: string[] = [];
  afterEach(() => {
    for (const dir of made.splice(0)) rmSync(dir, { recursive: true });
  });

  function tree(files: Readonly<Record<string, string>>): string {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-rules-'));
    made.push(dir);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
    return dir;
  }

  test.each([
    ['a value', 'model/a.ts', "import { b } from '../store/index.js';"],
    ['a type', 'model/a.ts', "import type { B } from '../store/index.js';"],
    ['over several lines', 'openflow/a.ts', "import {\n  b,\n  c,\n} from '../model/index.js';"],
    ['for its effect', 'store/a.ts', "import '../openflow/index.js';"],
    ['re-exported', 'api/a.ts', "export * from '../pipeline/compile.js';"],
    ['dynamic', 'cli/get.ts', "const main = await import('../main.js');"],
    ['as an import type', 'config/a.ts', "type A = import('../model/index.js').A;"],
    ['required', 'sandbox/a.ts', "const a = require('../native/index.js');"],
    ['inside another room', 'api/a.ts', "import { b } from '../datapath/controller.js';"],
    ['inside the store', 'datapath/a.ts', "import { b } from '../store/lmdb.js';"],
    ['from a deeper folder', 'pipeline/deep/a.ts', "import { b } from '../../datapath/face.js';"],
    ['leaving src', 'model/a.ts', "import { b } from '../../test/support/fake.js';"],
    ['I/O in a pure room', 'pipeline/a.ts', "import { readFileSync } from 'node:fs';"],
    ['a package in a pure room', 'model/a.ts', "import pino from 'pino';"],
    ['without .js', 'model/a.ts', "import { b } from './b';"],
    ['an unknown room', 'utils/a.ts', 'export {};'],
  ])('%s', (_, file, text) => {
    const breaks = importBreaks(tree({ [file]: text }));
    expect(breaks).toHaveLength(1);
    expect(breaks[0]).toContain(file);
  });

  test.each([
    ['the own room', 'model/deep/a.ts', "import { b } from '../b.js';"],
    ['an allowed room', 'pipeline/a.ts', "import type { B } from '../openflow/index.js';"],
    ['the public face', 'api/routes/a.ts', "import type { B } from '../../datapath/face.js';"],
    ['serve runs the daemon', 'cli/serve.ts', "const { main } = await import('../main.js');"],
    ['main wires everything', 'main.ts', "import { a } from './datapath/controller.js';"],
    ['a comment', 'model/a.ts', " * import { b } from '../store/index.js';\n// export * from '../api/index.js';"],
    ['a text', 'model/a.ts', "const text = 'import x from ../store/index.js';"],
  ])('not broken by %s', (_, file, text) => {
    expect(importBreaks(tree({ [file]: text }))).toEqual([]);
  });

  test('native: Node in the core, protocol in the addon', () => {
    const native = tree({
      'core/a.cpp': '#include <vector>\n#include <napi.h>\n',
      'core/b.h': '#include "node_api.h"\n// #include <uv.h>\n',
      'addon/a.cpp': '#include <napi.h>\n#include "core/engine.h"\nint type = OFPT_FLOW_MOD;\n',
      'addon/b.cpp': '#include "core/openflow/codec.h"\n',
      'build/c.cpp': '#include <node.h>\n',
    });
    expect(nativeBreaks(native)).toEqual([
      'addon/a.cpp: OFPT_FLOW_MOD in the addon',
      'addon/b.cpp: core/openflow/codec.h in the addon',
      'core/a.cpp: #include <napi.h> in the core',
      'core/b.h: #include "node_api.h" in the core',
    ]);
  });

  test('every form of import is read', () => {
    expect(importsOf("import a, { type B } from 'x';\nexport { c } from './y.js';\nimport 'z';")).toEqual([
      'x',
      './y.js',
      'z',
    ]);
  });
});
