import { KilnError, shorten } from '@kiln/base';
import type { OsRelease } from './image-elements.ts';

/** Reads os-release(5): `KEY=VALUE` lines, blank lines and comments. Throws `OS_RELEASE_INVALID`. */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const line of text.split('\n').map((l) => l.trim())) {
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
