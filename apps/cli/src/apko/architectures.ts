import { sortUnique } from '@kiln/base';
import { architectureOf, architectures, canonicalArch } from '@kiln/image-config';
import { hostArchitecture } from '../local/architecture.ts';

/** The architectures that a list of flags names, canonical and sorted: `all` alone is every one, `host` this machine’s. */
export function architecturesOfFlag(names: readonly string[]): readonly string[] {
  const [only] = names;
  if (names.length === 1 && only === 'all') return architectures.map(({ canonical }) => canonical);
  if (names.length === 1 && only === 'host') return [canonicalArch(hostArchitecture())];
  return sortUnique(names.map(canonicalArch));
}

/** What is built: what the flags say, else what the configuration says, else every architecture there is. */
export function wantedArchitectures(
  flag: readonly string[],
  configured: readonly string[],
): readonly string[] {
  const named = architecturesOfFlag(flag);
  if (named.length > 0) return named;
  return configured.length > 0 ? configured : architectures.map(({ canonical }) => canonical);
}

/** apk’s name; an architecture that nobody knows keeps its own. */
export function apkArch(arch: string): string {
  return architectureOf(arch)?.apk ?? arch;
}
