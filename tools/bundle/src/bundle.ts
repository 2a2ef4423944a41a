import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InputOptions, OutputOptions, Plugin } from 'rolldown';
import { rolldown } from 'rolldown';

/** Packages that builds always load; the others are found in `node_modules` as ever. */
const included = new Set([
  're2js',
  'spdx-exceptions',
  'spdx-expression-parse',
  'spdx-license-ids',
  'yaml',
  'zod',
]);

/**
 * Commands that people wait for most often, each with the modules that it needs whatever it does: they have a copy of the command
 * line in which those are one file, whose code is kept. To find and to link a hundred files, and to compile their functions, takes
 * longer than to do a small command's work.
 */
const programs: Readonly<Record<string, readonly string[]>> = {
  images: [
    'apps/cli/src/commands/image-build.ts',
    'apps/cli/src/commands/apko.ts',
    'apps/cli/src/apko/commands/build.ts',
    'adapters/apk-cache/src/index.ts',
  ],
  packages: [
    'apps/cli/src/commands/package-build.ts',
    'apps/cli/src/commands/melange.ts',
    'apps/cli/src/melange/commands/build.ts',
    'adapters/apk-cache/src/index.ts',
  ],
};

/**
 * Writes the command line of the clone `root` into `folder`: `main.js`, a file for each thread, and the parts that they share or load
 * late. In a folder for each program is `main.cjs`, whose threads are those above. The files name the clone's folders by
 * their whole paths and belong to it. Throws what the bundler throws for sources that do not fit together.
 */
export async function bundle(root: string, folder: string): Promise<void> {
  await write(
    { input: { main: join(root, 'apps/cli/src/main.ts') }, plugins: [threads, places, builtins] },
    { dir: folder, format: 'esm' },
  );
  for (const [name, files] of Object.entries(programs))
    await writeProgram(
      root,
      join(folder, name),
      files.map((file) => join(root, file)),
    );
}

/** `program.cjs` with all that its files need, what is loaded late, and `main.cjs`, which starts it. */
async function writeProgram(root: string, dir: string, files: readonly string[]): Promise<void> {
  const program = join(root, 'apps/cli/src/program.ts');
  const output: OutputOptions = {
    dir,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: (chunk) => (chunk.name === 'program' ? '[name].cjs' : '[name]-[hash].cjs'),
    codeSplitting: {
      groups: [{ name: 'program', test: (id) => id === program || files.includes(id) }],
    },
  };
  await write(
    {
      input: { entry: program },
      plugins: [threadsAbove, places, early(files), lateBuiltins, ascii],
    },
    output,
  );
  await write({ input: { main: join(root, 'tools/bundle/src/start.ts') } }, output);
}

async function write(input: InputOptions, output: OutputOptions): Promise<void> {
  const build = await rolldown({
    platform: 'node',
    external: (id) => isPackage(id) && !id.startsWith('@kiln/') && !included.has(packageOf(id)),
    onLog: () => undefined,
    ...input,
  });
  await build.write(output);
  await build.close();
}

const isPackage = (id: string): boolean => !id.startsWith('.') && !id.startsWith('/');

function packageOf(id: string): string {
  const [first = '', second = ''] = id.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

const threadPattern = /new URL\('\.\/([\w-]+-thread)\.ts', import\.meta\.url\)/g;

/** A script that a thread begins with becomes a file of its own beside `main.js`. */
const threads: Plugin = {
  name: 'threads',
  transform(code, id) {
    const found = [...code.matchAll(threadPattern)];
    if (found.length === 0) return null;
    for (const [, name = ''] of found)
      this.emitFile({ type: 'chunk', id: join(dirname(id), `${name}.ts`), fileName: `${name}.js` });
    return code.replaceAll(
      threadPattern,
      "new URL('./$1.js', import.meta.url /* of the bundle */)",
    );
  },
};

/** The threads of a program are those in the folder above. */
const threadsAbove: Plugin = {
  name: 'threads-above',
  transform: (code) =>
    code.replaceAll(threadPattern, "new URL('../$1.js', import.meta.url /* of the bundle */)"),
};

const latePattern = /\bawait import\('([^']+)'\)/g;

/** Modules that others load late come with them. */
function early(files: readonly string[]): Plugin {
  return {
    name: 'early',
    async transform(code, id) {
      let changed = code;
      for (const [late, source = ''] of new Map(
        code.matchAll(latePattern).map(([all, name]) => [all, name]),
      )) {
        const number = files.indexOf((await this.resolve(source, id))?.id ?? '');
        if (number === -1) continue;
        const imported = `import * as early${number} from '${source}';\n`;
        changed = imported + changed.replaceAll(late, `early${number}`);
      }
      return changed === code ? null : changed;
    },
  };
}

const requiredPattern =
  /^let (\w+) = require\("(node:(?:child_process|fs\/promises))"\);\n(?:\1 = .*__toESM\(\1, 1\);\n)?/m;

/** Modules of Node that take milliseconds to load, and that many runs do without, are loaded by what first asks for them. */
const lateBuiltins: Plugin = {
  name: 'late-builtins',
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk') continue;
      for (let found; (found = requiredPattern.exec(file.code)) !== null;) {
        const [all, name = '', module] = found;
        const used = new RegExp(`\\b${name}(?:\\.default)?\\b`, 'g');
        file.code = file.code
          .replace(all, '')
          .replaceAll(used, `globalThis.process.getBuiltinModule("${module}")`);
      }
    }
  },
};

/** A text of other letters takes twice the memory. Templates are not used raw. */
const ascii: Plugin = {
  name: 'ascii',
  generateBundle(_, files) {
    for (const file of Object.values(files))
      if (file.type === 'chunk') file.code = file.code.replaceAll(/[^\0-\x7f]/g, escaped);
  },
};

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const builtinPattern = /^import (?:(\w+\$?\d*))?(?:, )?(?:\{(.*)\})? from "(node:[\w/]+)";$/gm;

/**
 * Modules of Node are taken as they are. An `import` reads every property of theirs for its bindings, and those of `node:http` load
 * a whole client.
 */
const builtins: Plugin = {
  name: 'builtins',
  renderChunk: (code) =>
    code.replaceAll(
      builtinPattern,
      (_, whole: string | undefined, names: string | undefined, module: string) =>
        [whole, names === undefined ? undefined : `{${names.replaceAll(' as ', ': ')}}`]
          .filter((bound) => bound !== undefined)
          .map((bound) => `const ${bound} = globalThis.process.getBuiltinModule("${module}");`)
          .join(' '),
    ),
};

/** Modules find data beside their sources. */
const places: Plugin = {
  name: 'places',
  transform(code, id) {
    if (!id.endsWith('.ts') || !code.includes('import.meta.')) return null;
    return code
      .replaceAll(
        /import\.meta\.url(?! \/\* of the bundle)/g,
        JSON.stringify(pathToFileURL(id).href),
      )
      .replaceAll('import.meta.dirname', JSON.stringify(dirname(id)));
  },
};
