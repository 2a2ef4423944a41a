import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateKeyFiles, readIndexFile, readSigningKey } from '@kiln/apk-files';
import { digestFromHex, digestOf, systemRandom } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { indexedPackage, parseStanzas, type Stanza } from '@kiln/deb822';
import { parseSeed, type DebianArchive } from '@kiln/seed';
import { fileEntry, type TarMember } from '@kiln/tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportSeed } from './export-seed.ts';

const definition = parseSeed(
  `
architecture: x86_64
roots: [tool]
drop: []
so-provides: []
packages: {}
aliases:
  tools: { description: Tools, depends: [tool] }
base: { name: base, directories: { tmp: '1777' }, links: {}, files: { etc/list.d/tool: '' } }
`,
  'seed.yaml',
);

let folder = '';

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'kiln-export-'));
  await generateKeyFiles({
    path: path.join(folder, 'seed.rsa'),
    bits: 2048,
    present: 'refuse',
    random: systemRandom,
  });
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

function stanzaOf(name: string): Stanza {
  const sha = digestOf(Buffer.from(name)).replace('sha256:', '');
  const text = `Package: ${name}\nVersion: 1.0-2\nArchitecture: amd64\nDescription: The ${name}\nSHA256: ${sha}\nSize: 1\n`;
  return parseStanzas(text)[0] ?? new Map();
}

async function* membersOf(name: string): AsyncGenerator<TarMember> {
  const content = Buffer.from('#!/bin/sh\n');
  await Promise.resolve();
  yield { entry: fileEntry(`usr/bin/${name}`, content.length, { mode: 0o755 }), content };
}

/** An archive of these packages; the file of one is its name. */
function archiveOf(names: readonly string[], blobs: BlobStore): DebianArchive {
  return {
    resolveClosure: () => Promise.resolve(names.map((name) => indexedPackage(stanzaOf(name)))),
    downloadDebs: async (packages) => {
      for (const { name } of packages) await blobs.put(Buffer.from(name));
      return packages.map(({ sha256 }) => digestFromHex(sha256));
    },
    open: async (deb, use) => {
      const name = Buffer.from(await blobs.bytes(deb)).toString();
      if (name === 'broken') throw new Error('a broken package');
      return use({ control: stanzaOf(name), members: membersOf(name) });
    },
  };
}

async function exported(names: readonly string[], signed = true): Promise<readonly string[]> {
  const records = await exportSeed({
    definition,
    buildTimeSeconds: 1_700_000_000,
    directory: path.join(folder, 'seed'),
    key: signed ? await readSigningKey(path.join(folder, 'seed.rsa')) : undefined,
    archive: (blobs) => archiveOf(names, blobs),
    onStage: () => undefined,
  });
  return records.map(({ name }) => name);
}

const at = (file: string): string => path.join(folder, 'seed/x86_64', file);

async function indexed(): Promise<readonly string[]> {
  const index = await readIndexFile(at('APKINDEX.tar.gz'));
  return [...(index?.records ?? [])].map(({ name, version }) => `${name}-${version}.apk`);
}

function listing(file: string): readonly string[] {
  return execFileSync('tar', ['-tzf', at(file), '--warning=no-unknown-keyword'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
}

test('a seed becomes signed packages and their signed index', async () => {
  expect(await exported(['tool'])).toEqual(['base', 'tool', 'tools']);
  const files = await indexed();
  expect(fs.readdirSync(path.join(folder, 'seed/x86_64')).sort()).toEqual(
    ['APKINDEX.tar.gz', ...files].sort(),
  );
  const tool = files.find((file) => file.startsWith('tool-')) ?? '';
  expect(listing(tool)).toEqual([
    '.SIGN.RSA256.seed.rsa.pub',
    '.PKGINFO',
    '.melange.yaml',
    'usr',
    'usr/bin',
    'usr/bin/tool',
  ]);
  // An empty file is a file: where busybox's list of links is one, nobody makes links of their own.
  expect(listing(files.find((file) => file.startsWith('base-')) ?? '')).toContain(
    'etc/list.d/tool',
  );
  expect(listing('APKINDEX.tar.gz')[0]).toBe('.SIGN.RSA256.seed.rsa.pub');
  expect(fs.readdirSync(path.join(folder, 'seed'))).toEqual(['x86_64']);
});

test('the bytes of a package depend on nothing but what it is made of', async () => {
  await exported(['tool']);
  const before = fs.readFileSync(at((await indexed())[1] ?? ''));
  await exported(['tool', 'more']);
  expect(fs.readFileSync(at((await indexed())[2] ?? '')).equals(before)).toBe(true);
});

test('without a key nothing is signed', async () => {
  await exported(['tool'], false);
  expect(listing('APKINDEX.tar.gz')[0]).toBe('APKINDEX');
});

test('a seed that cannot be made leaves the one before', async () => {
  await exported(['tool']);
  const before = fs.readFileSync(at('APKINDEX.tar.gz'));
  await expect(exported(['broken', 'tool'])).rejects.toThrow('a broken package');
  expect(fs.readFileSync(at('APKINDEX.tar.gz')).equals(before)).toBe(true);
  expect(fs.readdirSync(path.join(folder, 'seed'))).toEqual(['x86_64']);
});
