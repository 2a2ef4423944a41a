import { createHash } from 'node:crypto';
import os from 'node:os';
import { compareBytes } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import {
  compareEntries,
  contentBytesMax,
  type ComparedEntry,
  type EmittedPackage,
  type EntryDifference,
} from '@kiln/build';
import { gunzip } from '@kiln/gzip';
import { readTar } from '@kiln/tar';
import {
  buildLocally,
  type LocalBuildRequest,
  type LocalBuildResult,
  type Surroundings,
} from './local-build.ts';

/** What two builds of one recipe came to. */
export interface CheckedBuild {
  /** Its packages are the ones that were written. */
  readonly first: LocalBuildResult;
  /** By package; empty: the builds are equal. */
  readonly differences: readonly (EntryDifference & { readonly package: string })[];
}

const surroundings: Surroundings = {
  hostname: 'kiln-check',
  cpus: 1,
  // Under everything a recipe sets: what it sets holds for both.
  variables: {
    TZ: 'Pacific/Kiritimati',
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    USER: 'somebody',
    LOGNAME: 'somebody',
  },
};

/**
 * Builds twice, the second time in another folder of the host, later, under another host name and user name, in another
 * locale and time zone and on one processor, and compares what came out entry by entry. Only the first build is written.
 */
export async function buildTwice(
  request: LocalBuildRequest & { readonly blobs: BlobStore },
): Promise<CheckedBuild> {
  const first = await buildLocally(request);
  const { actions: _known, debugging: _debugging, accept: _accept, ...rest } = request;
  const second = await buildLocally({ ...rest, write: false, surroundings });
  const differences: (EntryDifference & { readonly package: string })[] = [];
  for (const one of first.packages) {
    const other = second.packages.find(({ emitted }) => emitted.name === one.emitted.name);
    if (other === undefined) continue;
    const found = await compareEntries(
      await entriesOf(request.blobs, one.emitted),
      await entriesOf(request.blobs, other.emitted),
      { places: [os.tmpdir(), 'kiln-check', 'kiln', 'somebody', 'build'] },
    );
    differences.push(...found.map((difference) => ({ ...difference, package: one.emitted.name })));
  }
  return { first, differences };
}

/** The entries of the data segment, and what the control segment says beside the data's digest. */
async function entriesOf(
  blobs: BlobStore,
  emitted: EmittedPackage,
): Promise<readonly ComparedEntry[]> {
  const { dataHash: _dataHash, ...info } = emitted.info;
  const entries: ComparedEntry[] = [infoEntry(info)];
  for await (const { entry, content } of readTar(gunzip(blobs.read(emitted.data.digest)))) {
    const hash = createHash('sha256');
    for await (const chunk of content instanceof Uint8Array ? [content] : content)
      hash.update(chunk);
    const { path, type, mode, uid, gid, mtimeSeconds, linkTarget } = entry;
    const attributes = [...entry.pax]
      .filter(([name]) => name.startsWith('SCHILY.xattr.'))
      .map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`)
      .sort(compareBytes)
      .join(' ');
    entries.push({
      path,
      facts: { type, mode, uid, gid, mtime: mtimeSeconds, link: linkTarget, attributes },
      content: type === 'file' ? hash.digest('hex') : '',
      read: () => contentOf(blobs, emitted, path),
    });
  }
  return entries;
}

function infoEntry(info: Readonly<Record<string, unknown>>): ComparedEntry {
  // A result that was kept has no members that are undefined.
  const facts = Object.entries(info)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)]);
  return {
    path: '.PKGINFO',
    facts: Object.fromEntries(facts) as Record<string, string>,
    content: '',
    read: () => Promise.resolve(new Uint8Array(0)),
  };
}

async function contentOf(
  blobs: BlobStore,
  { data }: EmittedPackage,
  path: string,
): Promise<Uint8Array> {
  for await (const { entry, content } of readTar(gunzip(blobs.read(data.digest)))) {
    if (entry.path !== path) continue;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      if (size < contentBytesMax)
        chunks.push(Buffer.from(chunk.subarray(0, contentBytesMax - size)));
      size += chunk.length;
    }
    return Buffer.concat(chunks);
  }
  return new Uint8Array(0);
}
