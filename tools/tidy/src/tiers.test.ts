import { describe, expect, test } from 'vitest';
import {
  importsIn,
  importsOf,
  isTest,
  packageOf,
  readManifest,
  repositoryFiles,
  workspaces,
} from './repository.ts';

/** The tiers that each tier may import; reading it from top to bottom is reading the architecture. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  formats: ['base', 'formats'],
  engines: ['base', 'formats', 'engines'],
  adapters: ['base', 'formats', 'engines'],
  reconcilers: ['base', 'formats', 'engines'],
  apps: ['base', 'formats', 'engines', 'adapters', 'reconcilers', 'apps'],
  tools: ['base', 'formats', 'engines', 'adapters', 'reconcilers', 'apps', 'tools'],
  test: ['base', 'formats', 'engines', 'adapters', 'reconcilers', 'apps', 'tools', 'test'],
};

/** Node's modules that a tier without the world may use. */
const nodeModules: Readonly<Record<string, readonly string[]>> = {
  base: ['node:crypto', 'node:buffer'],
  formats: ['node:crypto', 'node:zlib', 'node:buffer', 'node:stream', 'node:util'],
  engines: [
    'node:crypto',
    'node:zlib',
    'node:buffer',
    'node:stream',
    'node:util',
    'node:path/posix',
  ],
  reconcilers: ['node:crypto', 'node:buffer'],
};

const files = repositoryFiles();
const all = workspaces();
const everyFolder = all.map((one) => [one.folder, one] as const);
const rootTools = new Set(
  Object.keys(readManifest('package.json').devDependencies ?? {}).concat('vite'),
);

describe('imports', () => {
  test('are found in every form', () => {
    const text = [
      "import a from '@kiln/one';",
      "import type { B } from '@kiln/two/part';",
      "import {\n  c,\n  d,\n} from '@kiln/three';",
      "export { e } from './four.ts';",
      "import '@kiln/five';",
      "const f = await import('node:six');",
    ].join('\n');
    expect(importsIn(text).map((one) => [one.specifier, one.typeOnly])).toEqual([
      ['@kiln/one', false],
      ['@kiln/two/part', true],
      ['@kiln/three', false],
      ['./four.ts', false],
      ['@kiln/five', false],
      ['node:six', false],
    ]);
  });
});

describe('tiers', () => {
  test.each(everyFolder)('%s imports only the tiers below it', (_folder, workspace) => {
    const allowed = mayImport[workspace.tier] ?? [];
    const wrong: string[] = [];
    for (const { file, specifier } of importsOf(workspace.folder, files)) {
      const name = packageOf(specifier);
      if (name === undefined || !name.startsWith('@kiln/') || name === workspace.name) continue;
      const target = all.find((one) => one.name === name);
      if (target === undefined) wrong.push(`${file}: ${specifier} is no workspace`);
      else if (!isTest(file) && !allowed.includes(target.tier))
        wrong.push(`${file} imports ${specifier} of ${target.folder}`);
    }
    expect(wrong).toEqual([]);
  });

  test.each(everyFolder)('%s declares what it imports', (_folder, workspace) => {
    const wrong = new Set<string>();
    for (const { file, specifier } of importsOf(workspace.folder, files)) {
      const name = packageOf(specifier);
      if (name === undefined || name === workspace.name) continue;
      const development = isTest(file) || workspace.tier === 'tools';
      const declared =
        workspace.dependencies.includes(name) ||
        (development && (workspace.devDependencies.includes(name) || rootTools.has(name)));
      if (!declared) wrong.add(`${file}: ${name} is not declared`);
    }
    expect([...wrong]).toEqual([]);
  });

  test.each(everyFolder)('%s imports what it declares', (_folder, workspace) => {
    const used = new Set(importsOf(workspace.folder, files).map((one) => packageOf(one.specifier)));
    const unused = [...workspace.dependencies, ...workspace.devDependencies].filter(
      (name) => name.startsWith('@kiln/') && !used.has(name),
    );
    expect(unused).toEqual([]);
  });

  test.each(everyFolder.filter(([, one]) => nodeModules[one.tier] !== undefined))(
    '%s does not touch the world',
    (_folder, workspace) => {
      const allowed = nodeModules[workspace.tier] ?? [];
      const wrong = importsOf(workspace.folder, files)
        .filter(
          ({ file, specifier, typeOnly }) =>
            specifier.startsWith('node:') &&
            !typeOnly &&
            !isTest(file) &&
            !allowed.includes(specifier),
        )
        .map(({ file, specifier }) => `${file} imports ${specifier}`);
      expect(wrong).toEqual([]);
    },
  );

  test('no adapter knows another adapter', () => {
    const adapters = new Set(all.filter((one) => one.tier === 'adapters').map((one) => one.name));
    const wrong = all
      .filter((one) => adapters.has(one.name))
      .flatMap((workspace) =>
        importsOf(workspace.folder, files)
          .filter(({ file }) => !isTest(file))
          .filter(({ specifier }) => {
            const name = packageOf(specifier) ?? '';
            return name !== workspace.name && adapters.has(name);
          })
          .map(({ file, specifier }) => `${file} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });
});

describe('packages', () => {
  test.each(everyFolder)('%s has a README', (folder) => {
    expect(files).toContain(`${folder}/README.md`);
  });

  test.each(everyFolder)('%s has the entry points it names', (folder, workspace) => {
    const missing = Object.values(workspace.exports)
      .map((file) => `${folder}/${file.slice(2)}`)
      .filter((file) => !files.includes(file));
    expect(missing).toEqual([]);
  });
});
