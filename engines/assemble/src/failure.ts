import { KilnError, shorten } from '@kiln/base';
import type { PackageContents } from './package-contents.ts';

/** Whose rules an assembly follows: Kiln's own, or apko's to the byte. */
export type AssemblyDialect = 'kiln' | 'apko';

/** `NAME-VERSION` of a package. */
export function packageLabel({ info }: PackageContents): string {
  return `${info.name}-${info.version}`;
}

/** An error that names the path, and the package when one is being installed. */
export function assemblyError(
  code: string,
  path: string,
  message: string,
  more: { readonly package?: PackageContents | undefined; readonly hint?: string } = {},
): KilnError {
  const label = more.package === undefined ? '' : `package ${packageLabel(more.package)}: `;
  return new KilnError(code, `${label}"${shorten(path, 200)}": ${message}`, {
    hint: more.hint,
    details: {
      path: shorten(path, 1000),
      ...(more.package === undefined ? {} : { package: packageLabel(more.package) }),
    },
  });
}
