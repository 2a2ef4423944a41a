import fs from 'node:fs/promises';
import path from 'node:path';
import { hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BuiltImages } from './build-images.ts';
import type { WorkFolder } from './work-folder.ts';
import { hasContent, writeFile } from './write-file.ts';

/**
 * Writes images into a folder as an OCI layout (image-layout.md). The index itself is `index.json`, and no blob, as apko writes
 * it. Blobs come first and `index.json` last, so that what it names is there; blobs that are there and whole stay.
 */
export async function writeLayout(
  folder: string,
  { images, index }: BuiltImages,
  work: WorkFolder,
): Promise<void> {
  const blobsFolder = path.join(folder, 'blobs', 'sha256');
  await fs.mkdir(blobsFolder, { recursive: true });
  const digests = new Set<Digest>();
  for (const { config, manifest, layers } of images)
    for (const { digest } of [...layers, config.descriptor, manifest.descriptor])
      digests.add(digest);
  for (const digest of digests) {
    const file = path.join(blobsFolder, hexOf(digest));
    if (!(await hasContent(file, digest))) await writeFile(file, work.read(digest, 'used again'));
  }
  const layout = '{\n    "imageLayoutVersion": "1.0.0"\n}';
  await writeFile(path.join(folder, 'oci-layout'), [Buffer.from(layout)]);
  await writeFile(path.join(folder, 'index.json'), [index.bytes]);
}
