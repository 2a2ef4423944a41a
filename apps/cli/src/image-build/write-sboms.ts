import path from 'node:path';
import type { Sbom } from './sboms.ts';
import { writeFile } from './write-file.ts';

/** Writes SBOMs into a folder that exists; "" is the one where the command runs. */
export async function writeSboms(folder: string, sboms: readonly Sbom[]): Promise<void> {
  for (const { name, bytes } of sboms) await writeFile(path.join(folder, name), [bytes]);
}
