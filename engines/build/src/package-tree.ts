import { createHash } from 'node:crypto';
import type { ApkPackage } from '@kiln/apk';
import { KilnError, compareBytes, concatBytes } from '@kiln/base';
import type { TarMember } from '@kiln/tar';
import { makeTree, type FileEntry, type PackageTree } from './tree.ts';
import type { TreeEntry, TreeEntryFacts } from './workspace.ts';

/** The content of a file, kept where it can be read again. */
export type KeptContent = Pick<FileEntry, 'open' | 'range'>;

/** Takes the content of one file, whole. */
export type KeepContent = (
  content: AsyncIterable<Uint8Array>,
  path: string,
) => Promise<KeptContent>;

/**
 * A finished package as the tree it was made of: what is checked on a destination tree can be checked on it. Its data are
 * read to the end, and so verified. Throws what reading the package and `keep` do.
 */
export async function treeOfPackage(
  apk: Pick<ApkPackage, 'info' | 'data'>,
  keep: KeepContent = keepInMemory(),
): Promise<PackageTree> {
  const entries: TreeEntry[] = [];
  for await (const member of apk.data) entries.push(await treeEntry(member, keep));
  return makeTree(apk.info.name, entries.sort(inOrderOfTree));
}

/** The order of a tree, which is not that of every archive. */
function inOrderOfTree(a: TreeEntry, b: TreeEntry): number {
  // Below a directory comes before what is beside it: no character of a name is smaller than NUL.
  return compareBytes(a.path.replaceAll('/', '\0'), b.path.replaceAll('/', '\0'));
}

const memoryBytesMaxDefault = 512 * 1024 * 1024;

/** Keeps contents in memory, together at most so many bytes; above that throws `BUILD_PACKAGE_TOO_LARGE`. */
export function keepInMemory(bytesMax: number = memoryBytesMaxDefault): KeepContent {
  let total = 0;
  return async (content, path) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) {
      total += chunk.length;
      if (total > bytesMax)
        throw new KilnError(
          'BUILD_PACKAGE_TOO_LARGE',
          `the files of the package are larger than ${bytesMax} bytes, at "${path}"`,
        );
      chunks.push(Uint8Array.from(chunk));
    }
    const bytes = concatBytes(chunks);
    return {
      open: async function* () {
        yield bytes;
      },
      range: (start, end) => Promise.resolve(bytes.subarray(start, end)),
    };
  };
}

async function treeEntry({ entry, content }: TarMember, keep: KeepContent): Promise<TreeEntry> {
  const facts = factsOf(entry);
  switch (entry.type) {
    case 'directory':
      return { ...facts, kind: 'directory' };
    case 'symlink':
      return { ...facts, kind: 'symlink', target: entry.linkTarget };
    case 'hardlink':
      return { ...facts, kind: 'hardlink', target: entry.linkTarget, sha1: '' };
    case 'char':
    case 'block':
    case 'fifo':
      return { ...facts, kind: 'special', what: entry.type };
    case 'file': {
      const hash = createHash('sha1');
      const kept = await keep(hashed(content, hash), entry.path);
      return {
        ...facts,
        ...kept,
        kind: 'file',
        sizeBytes: entry.sizeBytes,
        sha1: hash.digest('hex'),
      };
    }
  }
}

const xattrPrefix = 'SCHILY.xattr.';

function factsOf({ path, mode, uid, gid, pax }: TarMember['entry']): TreeEntryFacts {
  const xattrs = new Map<string, Uint8Array>();
  for (const [key, value] of pax)
    if (key.startsWith(xattrPrefix)) xattrs.set(key.slice(xattrPrefix.length), value);
  return { path, mode, uid, gid, xattrs };
}

async function* hashed(
  content: TarMember['content'],
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    hash.update(chunk);
    yield chunk;
  }
}
