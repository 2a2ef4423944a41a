import path from 'node:path';
import { replaceFile } from '@kiln/apk-files';
import { systemRandom } from '@kiln/base';
import type { Sbom } from './sboms.ts';

/** Writes SBOMs into a folder that exists; "" is the one where the command runs. */
export async function writeSboms(folder: string, sboms: readonly Sbom[]): Promise<void> {
  for (const { name, bytes } of sboms)
    await replaceFile(path.join(folder, name), [bytes], systemRandom);
}
