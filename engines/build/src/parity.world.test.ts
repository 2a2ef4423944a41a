import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { readPackage, type PackageInfo } from '@kiln/apk';
import { concatBytes } from '@kiln/base';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
import type { TarMember } from '@kiln/tar';
import { expect, test } from 'vitest';
import { analyseTrees, packagesOf, relationsOf } from './analyse.ts';
import { installedSizeOf, makeTree, type PackageTree } from './tree.ts';
import type { TreeEntry } from './workspace.ts';

const testdata = new URL('../testdata/', import.meta.url);

async function bytesOf(content: TarMember['content']): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content instanceof Uint8Array ? [content] : content)
    chunks.push(Buffer.from(chunk));
  return concatBytes(chunks);
}

async function entryOf({ entry, content }: TarMember): Promise<TreeEntry> {
  const facts = {
    path: entry.path,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    xattrs: new Map(),
  };
  if (entry.type === 'directory') return { ...facts, kind: 'directory' };
  if (entry.type === 'symlink') return { ...facts, kind: 'symlink', target: entry.linkTarget };
  if (entry.type === 'hardlink')
    return { ...facts, kind: 'hardlink', target: entry.linkTarget, sha1: '' };
  const bytes = await bytesOf(content);
  return {
    ...facts,
    kind: 'file',
    sizeBytes: bytes.length,
    sha1: createHash('sha1').update(bytes).digest('hex'),
    open: async function* () {
      yield bytes;
    },
    range: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  };
}

async function treeOf(
  folder: URL,
  name: string,
  version: string,
): Promise<{ tree: PackageTree; info: PackageInfo }> {
  const { info, data } = await readPackage(readFileSync(new URL(`${name}-${version}.apk`, folder)));
  const entries: TreeEntry[] = [];
  for await (const member of data) entries.push(await entryOf(member));
  return { tree: makeTree(name, entries), info };
}

const cases = readdirSync(testdata, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(cases.map(({ name }) => name))(
  'the relations of "%s" are those that melange derives',
  async (name) => {
    const folder = new URL(`${name}/`, testdata);
    const recipe = parseRecipe(readFileSync(new URL('recipe.yaml', folder), 'utf8'), {
      file: 'recipe.yaml',
    });
    const compiled = compileRecipe({ recipe, arch: 'x86_64', pipelines: () => undefined });
    const version = `${recipe.package.version}-r${recipe.package.epoch}`;
    const packages = packagesOf(compiled);
    const read = await Promise.all(packages.map((facts) => treeOf(folder, facts.name, version)));
    const analysed = await analyseTrees(read.map(({ tree }) => tree));
    for (const [index, facts] of packages.entries()) {
      const subject = analysed[index];
      const info = read[index]?.info;
      if (subject === undefined || info === undefined) throw new Error('not read');
      const { runtime, provides } = await relationsOf({
        subject,
        relatives: analysed,
        facts,
        version,
      });
      expect([facts.name, runtime, provides]).toEqual([facts.name, info.depends, info.provides]);
      expect(installedSizeOf(subject.tree)).toBe(info.installedSizeBytes);
    }
  },
);
