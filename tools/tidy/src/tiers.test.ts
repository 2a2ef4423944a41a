import { describe, expect, test } from 'vitest';
import { importsOf, repositoryFiles, workspaces } from './repository.ts';

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
const isTest = (file: string): boolean =>
  /\.test\.ts$|\/conformance\.ts$|-conformance\.ts$|\/testing\.ts$|\/testing\//.test(file);

describe('tiers', () => {
  test.each(all.map((one) => [one.folder, one] as const))(
    '%s imports only the tiers below it, and declares what it imports',
    (_folder, workspace) => {
      const allowed = mayImport[workspace.tier] ?? [];
      const wrong: string[] = [];
      for (const { file, specifier } of importsOf(workspace.folder, files)) {
        const name = /^@kiln\/[a-z0-9-]+/.exec(specifier)?.[0];
        if (name === undefined || name === workspace.name) continue;
        const target = all.find((one) => one.name === name);
        if (target === undefined) wrong.push(`${file}: ${specifier} is no workspace`);
        else if (isTest(file)) continue;
        else if (!allowed.includes(target.tier))
          wrong.push(`${file} imports ${specifier} of ${target.folder}`);
        else if (!workspace.dependencies.includes(name))
          wrong.push(`${file}: ${name} is not declared in ${workspace.folder}/package.json`);
      }
      expect(wrong).toEqual([]);
    },
  );

  test.each(
    all
      .filter((one) => nodeModules[one.tier] !== undefined)
      .map((one) => [one.folder, one] as const),
  )('%s does not touch the world', (_folder, workspace) => {
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
  });

  test('no adapter knows another adapter', () => {
    const adapters = all.filter((one) => one.tier === 'adapters');
    const wrong = adapters.flatMap((workspace) =>
      importsOf(workspace.folder, files)
        .filter(
          ({ file, specifier }) =>
            !isTest(file) &&
            adapters.some((one) => one !== workspace && specifier.startsWith(one.name)),
        )
        .map(({ file, specifier }) => `${file} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test('every package has a README', () => {
    expect(
      all.filter((one) => !files.includes(`${one.folder}/README.md`)).map((one) => one.folder),
    ).toEqual([]);
  });
});
