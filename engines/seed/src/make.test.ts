import { digestFromHex, digestOf, type Digest } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import { indexedPackage, parseStanzas, type Stanza } from '@kiln/deb822';
import { fileEntry } from '@kiln/tar';
import { describe, expect, test } from 'vitest';
import type { DebianArchive } from './archive.ts';
import { parseSeed } from './definition.ts';
import { makeSeed, stageText, type SeedStage } from './make.ts';

const definition = parseSeed(
  `
architecture: x86_64
roots: [tool]
drop: []
so-provides: []
packages: {}
aliases:
  group: { description: A group, depends: [tool] }
base: { name: base, directories: { tmp: '1777' }, links: {}, files: {} }
`,
  'seed.yaml',
);

const names = ['tool', ...Array.from({ length: 9 }, (_, at) => `lib${at}`)];
const content = Buffer.from('program');

function stanzaOf(name: string): Stanza {
  const sha = digestOf(Buffer.from(name)).replace('sha256:', '');
  const text = `Package: ${name}\nVersion: 1.0-2\nArchitecture: amd64\nDescription: The ${name}\nSHA256: ${sha}\nSize: 1\n`;
  return parseStanzas(text)[0] ?? new Map();
}

/** An archive of these packages; the file of one is its name. */
function archiveOf(blobs: MemoryBlobs): DebianArchive & { readonly opened: number[] } {
  const opened: number[] = [];
  let open = 0;
  return {
    opened,
    resolveClosure: () => Promise.resolve(names.map((name) => indexedPackage(stanzaOf(name)))),
    downloadDebs: async (packages, onProgress) => {
      const digests: Digest[] = [];
      for (const { name, sha256 } of packages) {
        await blobs.put(Buffer.from(name));
        digests.push(digestFromHex(sha256));
      }
      onProgress?.({ packages: 10, packagesTotal: 10, bytes: 2e6, bytesTotal: 3e6 });
      return digests;
    },
    open: async (deb, use) => {
      open += 1;
      opened.push(open);
      const name = Buffer.from(await blobs.bytes(deb)).toString();
      async function* members(): AsyncGenerator<{
        entry: ReturnType<typeof fileEntry>;
        content: Uint8Array;
      }> {
        yield { entry: fileEntry(`usr/bin/${name}`, content.length, { mode: 0o755 }), content };
      }
      const result = await use({ control: stanzaOf(name), members: members() });
      open -= 1;
      return result;
    },
  };
}

describe('a seed', () => {
  test('is every package of the closure, the base and the aliases; Debian’s files go', async () => {
    const blobs = new MemoryBlobs();
    const archive = archiveOf(blobs);
    const stages: SeedStage[] = [];
    const wrapped = await makeSeed({
      definition,
      archive,
      blobs,
      buildTimeSeconds: 1_700_000_000,
      onStage: (stage) => stages.push(stage),
    });
    expect(wrapped.map(({ info }) => info.name).sort()).toEqual(['base', 'group', ...names].sort());
    for (const { data } of wrapped) expect(await blobs.stat(data)).toBeDefined();
    for (const name of names) expect(await blobs.stat(digestOf(Buffer.from(name)))).toBeUndefined();
    expect(Math.max(...archive.opened)).toBe(4);
    expect(stages.map(stageText)).toEqual([
      'resolving Debian packages',
      undefined,
      'fetching Debian packages, 10 of 10, 2 of 3 MB',
      ...names.map((_, at) => `wrapping packages, ${at + 1} of 10`),
    ]);
  });

  test('of the same packages has the same bytes', async () => {
    const digests = async (): Promise<readonly string[]> => {
      const blobs = new MemoryBlobs();
      const archive = archiveOf(blobs);
      const made = await makeSeed({ definition, archive, blobs, buildTimeSeconds: 1_700_000_000 });
      return made.map(({ control, data }) => `${digestOf(control)} ${data}`).sort();
    };
    expect(await digests()).toEqual(await digests());
  });

  test('stops when it is told to', async () => {
    const blobs = new MemoryBlobs();
    const stop = new AbortController();
    const making = makeSeed({
      definition,
      archive: archiveOf(blobs),
      blobs,
      buildTimeSeconds: 1_700_000_000,
      onStage: ({ kind }) => {
        if (kind === 'wrapping') stop.abort(new Error('enough'));
      },
      signal: stop.signal,
    });
    await expect(making).rejects.toThrow('enough');
  });
});
