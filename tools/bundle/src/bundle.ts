import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'rolldown';
import { rolldown } from 'rolldown';

/** Packages of many small modules; the others are found in `node_modules` as ever. */
const included = new Set(['yaml', 'zod']);

/**
 * Commands that people wait for most often, each with the modules that it needs whatever it does: they have a copy of the command
 * line in which those are one file. To find and to link a hundred files takes as long as the rest of a start.
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
 * late. In a folder for each program is another `main.js`, whose threads are those above. The files name the clone's folders by
 * their whole paths and belong to it. Throws what the bundler throws for sources that do not fit together.
 */
export async function bundle(root: string, folder: string): Promise<void> {
  await write(root, { folder, plugins: [threads] });
  for (const [name, files] of Object.entries(programs)) {
    const paths = files.map((file) => join(root, file));
    // With all that they need. What is loaded late needs them too, and must not wait for `main.ts`, which waits for it.
    const part = { name, test: (id: string): boolean => paths.includes(id) };
    const plugins = [threadsAbove, atOnce(paths)];
    await write(root, { folder: join(folder, name), plugins, parts: [part] });
  }
}

interface Writing {
  readonly folder: string;
  readonly plugins: readonly Plugin[];
  /** What is not to be cut. */
  readonly parts?: { readonly name: string; test(id: string): boolean }[];
}

async function write(root: string, { folder, plugins, parts }: Writing): Promise<void> {
  const build = await rolldown({
    input: { main: join(root, 'apps/cli/src/main.ts') },
    platform: 'node',
    external: (id) => isPackage(id) && !id.startsWith('@kiln/') && !included.has(packageOf(id)),
    plugins: [...plugins, places, builtins],
    onLog: () => undefined,
  });
  await build.write({
    dir: folder,
    format: 'esm',
    ...(parts === undefined ? {} : { codeSplitting: { groups: parts } }),
  });
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

const threadsAbove: Plugin = {
  name: 'threads-above',
  transform: (code) =>
    code.replaceAll(threadPattern, "new URL('../$1.js', import.meta.url /* of the bundle */)"),
};

const latePattern = /\bawait import\('([^']+)'\)/g;

/** Modules that others load late come with them. */
function atOnce(files: readonly string[]): Plugin {
  return {
    name: 'at-once',
    async transform(code, id) {
      let changed = code;
      for (const [late, source = ''] of code.matchAll(latePattern)) {
        const number = files.indexOf((await this.resolve(source, id))?.id ?? '');
        if (number === -1) continue;
        const imported = `import * as atOnce${number} from '${source}';\n`;
        changed = imported + changed.replaceAll(late, `atOnce${number}`);
      }
      return changed === code ? null : changed;
    },
  };
}

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
