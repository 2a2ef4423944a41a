import { KilnError } from '@kiln/base';
import { packageLabel } from './failure.ts';
import type { PackageContents } from './package-contents.ts';
import { clean } from './path-rules.ts';

/** Has an error that names a path and no package name those that ship the path. Throws what `work` throws. */
export async function namingShippers<T>(
  packages: readonly PackageContents[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const named = error instanceof KilnError ? withShippers(error, packages) : undefined;
    throw named ?? error;
  }
}

function withShippers(
  { code, message, hint, retry, details, cause }: KilnError,
  packages: readonly PackageContents[],
): KilnError | undefined {
  const { path } = details;
  if (typeof path !== 'string' || details['package'] !== undefined) return undefined;
  const shippers = packages
    .filter(({ members }) =>
      Iterator.from(members).some(({ entry }) => clean(entry.path) === clean(path)),
    )
    .map(packageLabel);
  if (shippers.length === 0) return undefined;
  return new KilnError(code, `${message} (of package ${shippers.join(', ')})`, {
    hint,
    retry,
    details: { ...details, package: shippers.join(' ') },
    cause,
  });
}
