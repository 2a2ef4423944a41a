import type { Digest } from '@kiln/base';
import { KilnError, shorten } from '@kiln/base';
import type { PackageContents, PackageOpener } from './package-contents.ts';

/** A package as an index or a lock names it. */
export interface NamedPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * Opens a package that is known by name, whatever its `.PKGINFO` calls it. What `opener` throws for a person to read names the package
 * then.
 */
export function openAs(
  opener: PackageOpener,
  named: NamedPackage,
  apk: Digest,
): Promise<PackageContents> {
  return naming(labelOf(named), () => opener.open(apk));
}

/** The same, and a file whose `.PKGINFO` is another package's is refused with `ASSEMBLE_PACKAGE_NAME`. */
export async function openNamed(
  opener: PackageOpener,
  named: NamedPackage,
  apk: Digest,
): Promise<PackageContents> {
  const contents = await openAs(opener, named, apk);
  const { info } = contents;
  const label = labelOf(named);
  if (info.name === named.name && info.version === named.version) return contents;
  throw new KilnError(
    'ASSEMBLE_PACKAGE_NAME',
    `package ${label}: its file says that it is ${labelOf(info)}`,
    {
      hint: 'make the index or the lock anew; if it repeats, do not trust where it comes from',
      details: { package: label },
    },
  );
}

async function naming<T>(label: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    const { code, hint, retry, details, cause } = error;
    throw new KilnError(code, `package ${label}: ${error.message}`, {
      hint,
      retry,
      details: { ...details, package: label },
      cause,
    });
  }
}

function labelOf({ name, version }: NamedPackage): string {
  return shorten(`${name}-${version}`, 200);
}
