import { posix } from 'node:path';
import { KilnError, shorten } from '@kiln/base';
import type { WorkspaceFiles } from '@kiln/build';
import { licencePaths, type LicenceText } from '@kiln/lint';
import type { Copyright } from '@kiln/recipe';

/** Longer ones than any licence has. */
const textBytesMax = 2 ** 20;
const depthMax = { shallow: 2, deep: 128 };

export interface LicenceTextsRequest {
  /** Of the recipe; its files are read whatever they are called. */
  readonly copyright: readonly Copyright[];
  readonly scan: 'shallow' | 'deep';
}

/**
 * The texts of a source tree that may be licences, likeliest first: see `licencePaths`. A file above 1 MiB is none.
 * Throws `BUILD_LICENSE_UNREADABLE` for one that the recipe names and that is not there.
 */
export async function readLicenceTexts(
  files: WorkspaceFiles,
  { copyright, scan }: LicenceTextsRequest,
): Promise<readonly LicenceText[]> {
  const listing = await files.list(depthMax[scan]);
  const texts: LicenceText[] = [];
  for (const path of licencePaths(listing, copyright, scan)) {
    const bytes = await files.read(cleaned(path), textBytesMax);
    if (bytes !== undefined) texts.push({ path, text: Buffer.from(bytes).toString('utf8') });
    else if (copyright.some(({ licensePath }) => licensePath === path)) throw unreadable(path);
  }
  return texts;
}

/** As Go's `filepath.Clean`: by the letters alone, whatever is linked where. */
function cleaned(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/+$/, '');
}

function unreadable(path: string): KilnError {
  return new KilnError(
    'BUILD_LICENSE_UNREADABLE',
    `the licence text "${shorten(path)}" is not a readable file of at most 1 MiB in the sources`,
    { hint: 'license-path is relative to the root of the workspace' },
  );
}
