/**
 * Which room may import which, as data, and the checker that holds the sources to it.
 * Neighbours: imports.test.ts runs it on src/ and native/, and on trees that break it.
 * Invariant: what is not named here is not allowed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';

/** Paths are relative to src/, without the extension. A trailing slash means everything below. */
interface Room {
  readonly may: readonly string[];
  /** More for some files of the room, by prefix. */
  readonly also?: Readonly<Record<string, readonly string[]>>;
  /** Neither Node's modules nor packages: no I/O, no clock, no log. The listed ones do none of that. */
  readonly pure?: readonly string[];
}

export const rooms: Readonly<Record<string, Room>> = {
  'main.ts': { may: [''] },
  config: { may: [] },
  // typebox checks shapes; node:net has isIP and node:util isDeepStrictEqual: values in, values out.
  model: { may: [], pure: ['typebox', 'typebox/compile', 'typebox/error', 'node:net', 'node:util'] },
  openflow: { may: [], pure: [] },
  native: { may: [] },
  sandbox: { may: [] },
  // Looks at the host's own network with ip(8), and knows nothing of Open vSwitch.
  host: { may: [] },
  // A process of its own that must live when all the rest of us is dead: it may need nothing but the host room.
  watchdog: { may: ['host/'] },
  store: { may: ['model/'] },
  pipeline: { may: ['model/', 'openflow/'], pure: [] },
  datapath: { may: ['model/', 'store/index', 'pipeline/', 'openflow/', 'native/', 'host/', 'watchdog/'] },
  api: { may: ['model/', 'datapath/face', 'store/index'] },
  cli: {
    may: ['config/', 'api/client', 'api/schemas/', 'model/errors'],
    // Two run the daemon instead of talking to it; one works without it.
    also: {
      'cli/serve': ['main', 'sandbox/'],
      'cli/start': ['main', 'sandbox/', 'datapath/face'],
      'cli/doctor': ['doctor/index'],
    },
  },
  doctor: { may: ['config/', 'openflow/', 'native/', 'sandbox/'] },
  bench: { may: ['config/', 'openflow/', 'native/', 'sandbox/'] },
};

/** Every break of the import rule below `src`, one line each: `file → target: why`. */
export function importBreaks(src: string): string[] {
  return filesBelow(src, /\.ts$/).flatMap((file) => {
    const [first = ''] = file.split('/');
    const room = rooms[first];
    if (room === undefined) return [`${file}: ${first} is no room of this house`];
    const may = [...room.may, ...more(room, file)];
    return importsOf(readFileSync(join(src, file), 'utf8')).flatMap((target) => {
      const why = judge(file, first, room, may, target);
      return why === undefined ? [] : [`${file} → ${target}: ${why}`];
    });
  });
}

function more(room: Room, file: string): readonly string[] {
  return Object.entries(room.also ?? {}).flatMap(([prefix, also]) => (file.startsWith(prefix) ? also : []));
}

function judge(file: string, first: string, room: Room, may: readonly string[], target: string): string | undefined {
  if (!target.startsWith('.')) {
    return room.pure === undefined || room.pure.includes(target) ? undefined : `${first} is pure`;
  }
  if (!target.endsWith('.js')) return 'relative imports end in .js';
  const path = posix.join(posix.dirname(file), target).replace(/\.js$/, '');
  if (path.startsWith('..')) return 'outside src';
  if (path.startsWith(`${first}/`)) return undefined;
  const allowed = may.some((one) => (one === '' || one.endsWith('/') ? path.startsWith(one) : path === one));
  return allowed ? undefined : `${first} may import ${may.join(', ') || 'nothing of ours'}`;
}

/**
 * What a source imports: static, type-only, re-exports, dynamic, import types, require. A statement begins its line,
 * which prettier guarantees; so comments and texts that merely speak of imports do not count.
 */
export function importsOf(source: string): string[] {
  const code = source.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const patterns = [
    /^\s*(?:import|export)\s[^;'"`]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"`]([^'"`]+)['"`]/g,
    /\brequire\(\s*['"`]([^'"`]+)['"`]/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
}

/** Words that belong to one side of the border in native/: Node's in the addon, the protocols' in the core. */
const nodeHeader = /^\s*#\s*include\s*[<"](?:napi|node_api|node|js_native_api|v8|uv)(?:\.h|[-_/.])[^>"]*[>"]/gm;
const protocolWord = /\b(?:OFP[A-Z]{1,6}_[A-Z0-9_]+|NX[A-Z]{1,3}_[A-Z0-9_]+|OXM_[A-Z0-9_]+|kOfp\w+|kOxm\w+)\b/g;

/** Every break of the border below `native`: the core without Node, the addon without protocol knowledge. */
export function nativeBreaks(native: string): string[] {
  return filesBelow(native, /\.(h|cpp)$/).flatMap((file) => {
    const source = readFileSync(join(native, file), 'utf8');
    const code = source.replace(/\/\/.*$/gm, '');
    if (file.startsWith('core/'))
      return [...code.matchAll(nodeHeader)].map(([line]) => `${file}: ${line.trim()} in the core`);
    if (!file.startsWith('addon/')) return [];
    const words = [...code.matchAll(protocolWord)].map(([word]) => `${file}: ${word} in the addon`);
    const headers = [...code.matchAll(/#\s*include\s*"(core\/openflow\/[^"]+)"/g)].map(
      ([, h]) => `${file}: ${h} in the addon`,
    );
    return [...words, ...headers];
  });
}

/** Paths below a folder, relative to it; build folders are left out. */
export function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && pattern.test(one.name))
    .map((one) => relative(folder, join(one.parentPath, one.name)))
    .filter((path) => !/(^|\/)(build|build-[^/]*|node_modules)\//.test(path))
    .toSorted();
}

/** The repository's root. */
export const root = dirname(dirname(import.meta.dirname));
