import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'rolldown';
import { rolldown } from 'rolldown';

/** Packages of many small modules; the others are found in `node_modules` as ever. */
const included = new Set(['yaml', 'zod']);

/**
 * Writes the command line of the clone `root` into `folder`: `main.js`, a file for each thread, and the parts that they share or load
 * late. The files name the clone's folders by their whole paths and belong to it. Throws what the bundler throws for sources that
 * do not fit together.
 */
export async function bundle(root: string, folder: string): Promise<void> {
  const build = await rolldown({
    input: { main: join(root, 'apps/cli/src/main.ts') },
    platform: 'node',
    external: (id) => isPackage(id) && !id.startsWith('@kiln/') && !included.has(packageOf(id)),
    plugins: [threads, places, builtins],
    onLog: () => undefined,
  });
  await build.write({ dir: folder, format: 'esm' });
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
