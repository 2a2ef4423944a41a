import { existsSync } from 'node:fs';
import { fileBytes } from '@kiln/apk-files';
import { fetchUrl } from '@kiln/sources';
import type { OpenPackage } from './scan-recipe.ts';

/** The packages of one architecture in a repository, an address or a folder, which is not asked for its index. */
export function openPackagesOf(
  repository: string,
  arch: string,
  signal?: AbortSignal,
): OpenPackage {
  const base = `${repository.replace(/\/+$/, '')}/${arch}`;
  if (/^https?:\/\//.test(repository))
    return (fileName) => fetchUrl(`${base}/${encodeURIComponent(fileName)}`, signal);
  return async (fileName) => {
    const path = `${base}/${fileName}`;
    // A version is no path.
    return fileName.includes('/') || !existsSync(path) ? undefined : fileBytes(path);
  };
}
