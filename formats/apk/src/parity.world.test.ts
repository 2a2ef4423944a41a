import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { splitMembers } from '@kiln/gzip';
import { readTar, tarBytes, writeTar } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { controlTar } from './control-segment.ts';
import type { ScriptName } from './control-segment.ts';
import { checksumRecord, dataMembers } from './data-segment.ts';
import type { DataFile } from './data-segment.ts';
import { readIndex } from './index-file.ts';
import { parseIndex, printIndex, recordOf } from './index-text.ts';
import { printPackageInfo } from './info-print.ts';
import { readPackage } from './package-read.ts';
import { signatureSegment } from './signature-segment.ts';
import { verifySignatures } from './signature.ts';

const wholeSet = fileURLToPath(new URL('../../../../shared/data/parity/', import.meta.url));

/** The small set lies here; the whole one, where there is one, beside the repository. */
const sets = [
  ['the kept set', fileURLToPath(new URL('../testdata/', import.meta.url))],
  ['the whole set', wholeSet],
].filter(([, root = '']) => existsSync(join(root, 'melange')));

interface Facts {
  readonly packageChecksum: string;
  readonly sections: readonly {
    readonly kind: string;
    readonly offset: number;
    readonly compressedSize: number;
    readonly tarSize: number;
    readonly tarSha256: string;
    readonly entries: readonly Record<string, unknown>[];
  }[];
}

async function joined(source: AsyncIterable<Uint8Array> | Uint8Array): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source instanceof Uint8Array ? [source] : source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function membersOf(tar: Uint8Array): Promise<{ entry: TarEntry; content: Buffer }[]> {
  const members: { entry: TarEntry; content: Buffer }[] = [];
  for await (const { entry, content } of readTar(tar))
    members.push({ entry, content: await joined(content) });
  return members;
}

/** An entry in the words of the facts. */
function asFact({ entry, content }: { entry: TarEntry; content: Buffer }): Record<string, unknown> {
  return {
    name: entry.path,
    type: entry.type === 'directory' ? 'dir' : entry.type,
    mode: entry.mode.toString(8).padStart(4, '0'),
    uid: entry.uid,
    gid: entry.gid,
    uname: entry.userName,
    gname: entry.groupName,
    size: entry.sizeBytes,
    mtime: entry.mtimeSeconds,
    ...(entry.linkTarget === '' ? {} : { linkname: entry.linkTarget }),
    ...(entry.type === 'file' ? { sha256: sha256(content) } : {}),
  };
}

describe.each(sets)('%s', (_set, root = '') => {
  const packages = globSync(join(root, 'melange/cases/*/expected/*.apk')).sort();
  const keys = new Map([
    ['parity.rsa.pub', readFileSync(join(root, 'apko/repos/parity.rsa.pub'), 'utf8')],
  ]);

  describe.each(packages.map((path) => [basename(path), path]))('%s', (_name, path) => {
    const bytes = readFileSync(path);
    const facts = JSON.parse(
      readFileSync(join(path.replace(/\.apk$/, ''), 'facts.json'), 'utf8'),
    ) as Facts;

    it('has the segments and entries that were recorded', async () => {
      const found = await Promise.all(
        splitMembers(bytes).map(async (member) => ({
          offset: member.offset,
          compressedSize: member.compressed.length,
          tarSize: member.content.length,
          tarSha256: sha256(member.content),
          entries: (await membersOf(member.content)).map(asFact),
        })),
      );
      expect(found).toMatchObject(
        facts.sections.map(({ offset, compressedSize, tarSize, tarSha256, entries }) => ({
          offset,
          compressedSize,
          tarSize,
          tarSha256,
          entries: entries.map(
            ({ pax: _pax, paxHeaderName: _p, headerName: _h, ustarPrefix: _u, ...rest }) => rest,
          ),
        })),
      );
    });

    it('gives the same archives when each segment is written again', async () => {
      const read = await readPackage(bytes);
      expect(read.checksum).toBe(facts.packageChecksum);
      const files: DataFile[] = [];
      for await (const { entry, content } of read.data) {
        const whole = await joined(content);
        const pax = new Map([...entry.pax].filter(([key]) => key !== checksumRecord));
        files.push({ entry: { ...entry, pax }, open: () => whole });
      }
      const text = (wanted: string): string | undefined =>
        read.control.find(({ entry }) => entry.path === wanted)?.content.toString();
      const infoText = new TextDecoder().decode(read.control[0]?.content);
      const scripts = read.control
        .slice(2)
        .map(({ entry, content }) => [entry.path.slice(1), content.toString()]);
      const mtimeSeconds = read.control[0]?.entry.mtimeSeconds ?? 0;
      const control = controlTar({
        info: read.info,
        melangeYaml: text('.melange.yaml'),
        scripts: new Map(scripts as [ScriptName, string][]),
        mtimeSeconds,
        tool: 'melange',
      });
      const [signature] = read.signatures;
      const signed = splitMembers(
        signatureSegment({
          keyName: 'parity.rsa.pub',
          signature: signature?.signature ?? Buffer.alloc(0),
          mtimeSeconds,
        }),
      );
      const data = await joined(writeTar(dataMembers(files)));
      expect(printPackageInfo(read.info, { tool: 'melange' })).toBe(infoText);
      expect([signed[0]?.content ?? data, control, data].map(sha256)).toEqual(
        facts.sections.map((section) => section.tarSha256),
      );
    });

    it('carries a signature that holds over its control segment and over nothing else', async () => {
      const read = await readPackage(bytes);
      await read.close();
      expect(verifySignatures(read.signatures, read.controlBytes, keys)).toBe('parity.rsa.pub');
      expect(() => verifySignatures(read.signatures, read.controlBytes.subarray(1), keys)).toThrow(
        'no valid signature',
      );
    });
  });

  it.each(globSync(join(root, 'melange/cases/*/expected/APKINDEX')))(
    '%s is the index of its packages',
    async (path) => {
      const text = readFileSync(path, 'utf8');
      const records = parseIndex(text);
      expect(printIndex(records)).toBe(text);
      const made = [];
      for (const { name: packageName, version } of records) {
        const bytes = readFileSync(join(dirname(path), `${packageName}-${version}.apk`));
        const read = await readPackage(bytes, { dialect: 'apko' });
        await read.close();
        made.push(recordOf(read.info, read.checksum, bytes.length));
      }
      expect(printIndex(made, { dialect: 'melange' })).toBe(text);
    },
  );

  it('has signed indexes whose records pin the packages beside them', async () => {
    const indexes = globSync(join(root, 'apko/repos/*/*/APKINDEX.tar.gz'));
    expect(indexes.length).toBeGreaterThan(0);
    for (const path of indexes) {
      const index = await readIndex(readFileSync(path), { keys });
      expect(index.signedBy).toBe('parity.rsa.pub');
      for (const record of index.records) {
        const bytes = readFileSync(join(dirname(path), `${record.name}-${record.version}.apk`));
        const read = await readPackage(bytes, { dialect: 'apko' });
        await read.close();
        const { checksum, sizeBytes, installedSizeBytes } = recordOf(
          read.info,
          read.checksum,
          bytes.length,
        );
        expect(record).toMatchObject({ checksum, sizeBytes, installedSizeBytes });
      }
    }
  });

  it('has packages of other writers that verify to their end', async () => {
    for (const path of globSync(join(root, 'apko/repos/*/*/*.apk'))) {
      const read = await readPackage(readFileSync(path));
      const members = [];
      for await (const { entry, content } of read.data)
        members.push({ entry, content: await joined(content) });
      expect(await membersOf(tarBytes(members))).toEqual(members);
    }
  });
});

it('looks for the whole set beside the repository', ({ skip }) => {
  skip(!existsSync(wholeSet), 'the whole set is not beside the repository; the kept one was used');
  expect(sets).toHaveLength(2);
});
