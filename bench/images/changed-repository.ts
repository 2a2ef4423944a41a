import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  checksumOf,
  checksumRecord,
  controlSegment,
  dataSegment,
  openPackage,
  recordOf,
} from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import { generateKeyFiles, readSigningKey, writeIndexFile } from '@kiln/apk-files';
import { concatBytes, systemRandom } from '@kiln/base';
import type { RepositoryFolder } from './worlds.ts';

/**
 * Packages of a repository in one of its own, with a key made for it, which shows them as they are or with one of them changed.
 * Both have the same place, as the same repository has before and after it was changed.
 */
export async function changedRepository(
  folder: string,
  { records, from, change }: ChangedRepository,
): Promise<RepositoryFolder & { readonly show: (which: 'before' | 'after') => Promise<void> }> {
  const keyFile = path.join(folder, 'bench.rsa');
  const arch = path.join(folder, 'x86_64');
  mkdirSync(arch, { recursive: true });
  await generateKeyFiles({ path: keyFile, bits: 2048, present: 'refuse', random: systemRandom });
  const key = await readSigningKey(keyFile);
  const after: IndexRecord[] = [];
  for (const record of records) {
    const file = path.join(from, 'x86_64', fileOf(record));
    copyFileSync(file, path.join(arch, fileOf(record)));
    const next = record.name === change ? await nextOf(readFileSync(file)) : undefined;
    after.push(next?.record ?? record);
    if (next !== undefined) writeFileSync(path.join(arch, fileOf(next.record)), next.bytes);
  }
  return {
    folder,
    keyFile: `${keyFile}.pub`,
    show: (which) =>
      writeIndexFile(path.join(arch, 'APKINDEX.tar.gz'), which === 'before' ? records : after, {
        key,
        random: systemRandom,
      }),
  };
}

export interface ChangedRepository {
  readonly records: readonly IndexRecord[];
  /** The folder of the repository that has their files. */
  readonly from: string;
  /** The name of the package that changes. */
  readonly change: string;
}

function fileOf({ name, version }: IndexRecord): string {
  return `${name}-${version}.apk`;
}

/** The next revision of a package, whose first file that is not empty has one more byte. */
async function nextOf(
  bytes: Uint8Array,
): Promise<{ readonly record: IndexRecord; readonly bytes: Uint8Array }> {
  const { info, data, members } = await openPackage(bytes);
  const grown = members.find(({ entry }) => entry.type === 'file' && entry.sizeBytes > 0);
  const files = members.map((member) => {
    const { entry, offset } = member;
    const content = data.subarray(offset, offset + entry.sizeBytes);
    const now = member === grown ? Buffer.concat([content, Buffer.from('\n')]) : content;
    const pax = new Map([...entry.pax].filter(([key]) => key !== checksumRecord));
    return { entry: { ...entry, pax, sizeBytes: now.length }, open: () => now };
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of dataSegment(files)) chunks.push(chunk);
  const segment = concatBytes(chunks);
  const changed = {
    ...info,
    version: info.version.replace(/-r(\d+)$/, (_, number) => `-r${Number(number) + 1}`),
    dataHash: createHash('sha256').update(segment).digest('hex'),
  };
  const control = controlSegment({ info: changed, mtimeSeconds: info.buildTimeSeconds });
  const whole = concatBytes([control, segment]);
  return { record: recordOf(changed, checksumOf(control), whole.length), bytes: whole };
}
