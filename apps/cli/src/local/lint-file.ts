import type { PackageInfo } from '@kiln/apk';
import { readPackage } from '@kiln/apk';
import { KeptFiles, atFile, fileBytes } from '@kiln/apk-files';
import { KilnError, shorten } from '@kiln/base';
import type { Dialect } from '@kiln/build';
import type { LintPolicy, LintReport } from '@kiln/lint';
import { lintPackageFile, recipeVersionIn } from '@kiln/lint';
import { fetchUrl } from '@kiln/sources';

export interface LintFileOptions {
  readonly policy: LintPolicy;
  readonly dialect: Dialect;
  /** As `lintPackageFile` takes it. */
  readonly tellsMissingRecipe?: boolean;
  readonly signal?: AbortSignal;
}

export interface LintedFile {
  readonly file: string;
  readonly info: PackageInfo;
  /** The full version in the recipe that the package was made of; undefined without one. */
  readonly recipeVersion: string | undefined;
  readonly sizeBytes: number;
  readonly report: LintReport;
}

/**
 * Lints one package, a file or an address, of which everything is read and verified on the way. Throws, with its name,
 * what reading a package throws, and `APK_FILE_NOT_FOUND`, `APK_FILE_FAILED` or `SOURCE_UNAVAILABLE`.
 */
export async function lintFile(
  file: string,
  { signal, ...options }: LintFileOptions,
): Promise<LintedFile> {
  signal?.throwIfAborted();
  let sizeBytes = 0;
  async function* counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      sizeBytes += chunk.length;
      yield chunk;
    }
  }
  try {
    await using kept = await KeptFiles.open();
    // Nothing of it gets its own name on a disk, so links may lead anywhere.
    const apk = await readPackage(counted(await packageSource(file, signal)), {
      links: 'any',
      dialect: options.dialect === 'melange' ? 'apko' : 'plain',
    });
    const report = await lintPackageFile({ apk, keep: kept.keep, ...options });
    return { file, info: apk.info, recipeVersion: recipeVersionIn(apk.control), sizeBytes, report };
  } catch (error) {
    throw named(file, error);
  }
}

/** Does something with a file, whose name what it throws begins with. */
export async function inFile<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw named(file, error);
  }
}

/** The bytes of a package, a file or an address. Throws what `lintFile` throws of them. */
export async function packageSource(
  file: string,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  if (!/^https?:\/\//.test(file)) return fileBytes(file);
  const content = await fetchUrl(file, signal);
  if (content !== undefined) return content;
  throw new KilnError('SOURCE_UNAVAILABLE', 'there is no such file');
}

/** What names the file already stays as it is. */
function named(file: string, error: unknown): unknown {
  const name = shorten(file, 200);
  return error instanceof KilnError && error.message.startsWith(`${name}: `)
    ? error
    : atFile(file, error);
}
