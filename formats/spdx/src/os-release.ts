import { KilnError, shorten } from '@kiln/base';
import type { OsRelease } from './image-elements.ts';

/**
 * Reads os-release(5): `KEY=VALUE` lines, blank lines and comments. Blanks around a line are no matter; to `apko` they belong to it.
 * Throws `OS_RELEASE_INVALID`.
 */
export function parseOsRelease(text: string, dialect: 'kiln' | 'apko' = 'kiln'): OsRelease {
  const values = new Map<string, string>();
  for (const written of text.split('\n')) {
    const line = dialect === 'apko' ? written.replace(/\r$/, '') : written.trim();
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    if (equals === -1)
      throw new KilnError('OS_RELEASE_INVALID', `a line without "=": "${shorten(line)}"`);
    values.set(line.slice(0, equals), line.slice(equals + 1).replace(/^"+|"+$/g, ''));
  }
  return {
    id: values.get('ID') ?? '',
    name: values.get('NAME') ?? '',
    versionId: values.get('VERSION_ID') ?? '',
  };
}
