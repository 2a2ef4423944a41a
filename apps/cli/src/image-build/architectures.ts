import type { AssemblyDialect } from '@kiln/assemble';
import { KilnError, shorten, sortUnique } from '@kiln/base';
import { architectureOf, architectures, canonicalArch } from '@kiln/image-config';
import { hostArchitecture } from '../local/architecture.ts';

/** The architectures that a list of flags names, canonical and sorted: `all` alone is every one, `host` this machine’s. */
export function architecturesOfFlag(names: readonly string[]): readonly string[] {
  const [only] = names;
  if (names.length === 1 && only === 'all') return architectures.map(({ canonical }) => canonical);
  if (names.length === 1 && only === 'host') return [canonicalArch(hostArchitecture())];
  return sortUnique(names.map(canonicalArch));
}

/**
 * What is built: what the flags say, else what the configuration says; else in dialect `apko` every architecture there is, and
 * in dialect `kiln` this machine’s, where each is there once. Throws `USAGE` for one that dialect `kiln` does not know.
 */
export function wantedArchitectures(
  flag: readonly string[],
  configured: readonly string[],
  dialect: AssemblyDialect,
): readonly string[] {
  const named = architecturesOfFlag(flag);
  if (dialect === 'apko') {
    if (named.length > 0) return named;
    return configured.length > 0 ? configured : architectures.map(({ canonical }) => canonical);
  }
  const unknown = named.find((name) => architectureOf(name) === undefined);
  if (unknown !== undefined)
    throw new KilnError('USAGE', `no such architecture: ${shorten(unknown)}`, {
      hint: `one of ${architectures.map(({ apk }) => apk).join(', ')}, or all, or host`,
    });
  const wanted = named.length > 0 ? named : sortUnique(configured);
  return wanted.length > 0 ? wanted : [canonicalArch(hostArchitecture())];
}

/** apk’s name; an architecture that nobody knows keeps its own. */
export function apkArch(arch: string): string {
  return architectureOf(arch)?.apk ?? arch;
}
