import fs from 'node:fs';
import path from 'node:path';
import type { IndexRecord } from '@kiln/apk';
import { writeIndexFile, type SigningKey } from '@kiln/apk-files';
import { compareBytes, systemRandom } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { ScratchBlobs } from '@kiln/blobs-fs';
import type { DebianArchive, SeedDefinition, SeedStage } from '@kiln/seed';
import { makeSeed } from '@kiln/seed';
import { folderPlace } from '../folder-place.ts';
import { writeApk } from './write-apk.ts';

export interface ExportSeedRequest {
  readonly definition: SeedDefinition;
  /** Of every file and package, in seconds since 1970. */
  readonly buildTimeSeconds: number;
  /** The repository: `ARCH/NAME-VERSION.apk` and `ARCH/APKINDEX.tar.gz` go below it. */
  readonly directory: string;
  /** Signs packages and index; without it neither is signed. */
  readonly key: SigningKey | undefined;
  archive(blobs: BlobStore): DebianArchive;
  onStage(stage: SeedStage): void;
  readonly signal?: AbortSignal;
}

/**
 * Writes a seed as an ordinary apk repository. Each file is there whole or not at all, and the index is written last; what
 * an earlier seed left in the folder stays there and leaves the index. Throws what `makeSeed` throws, and `APK_KEY_INVALID`.
 */
export async function exportSeed(request: ExportSeedRequest): Promise<readonly IndexRecord[]> {
  const folder = path.join(request.directory, request.definition.architecture);
  fs.mkdirSync(folderPlace(folder), { recursive: true });
  // Beside the packages, since a seed is larger than many a /tmp.
  const scratch = fs.mkdtempSync(path.join(request.directory, '.export-'));
  try {
    const blobs = new ScratchBlobs(path.join(scratch, 'blobs'));
    const wrapped = await makeSeed({ ...request, archive: request.archive(blobs), blobs });
    const records: IndexRecord[] = [];
    for (const { info, control, data: digest, dataSizeBytes: sizeBytes } of wrapped) {
      const file = path.join(folder, `${info.name}-${info.version}.apk`);
      const one = { info, control, data: { digest, sizeBytes } };
      const { key, buildTimeSeconds: mtimeSeconds } = request;
      records.push(await writeApk(one, { blobs, key, mtimeSeconds, file }));
    }
    records.sort((a, b) => compareBytes(a.name, b.name));
    await writeIndexFile(path.join(folder, 'APKINDEX.tar.gz'), records, {
      description: `seed ${request.definition.architecture}`,
      key: request.key,
      random: systemRandom,
    });
    return records;
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}
