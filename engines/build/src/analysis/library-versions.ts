import { compareBytes, KilnError, shorten } from '@kiln/base';
import { compareVersions, isVersion } from '@kiln/version';
import type { Dialect } from './subject.ts';

/** What is known of the packages that shared libraries come from, for `so-ver:` dependencies. */
export interface LibraryVersions {
  /** The least version of the library's package that will do; undefined: no dependency on a version. */
  versionOf(soname: string): string | undefined;
}

/** A package of the index, as far as it matters here. */
export interface LibraryProvider {
  readonly name: string;
  /** Full version. */
  readonly version: string;
  readonly buildTimeSeconds: number;
  readonly provides: readonly string[];
}

export interface LibraryVersionsRequest {
  /** Full version of the packages being built. */
  readonly version: string;
  /** Names of the packages being built. */
  readonly building: ReadonlySet<string>;
  /** Versions of the packages in the build guest, by name. */
  readonly installed: ReadonlyMap<string, string>;
  /** All packages the guest was chosen from. */
  readonly index: readonly LibraryProvider[];
  readonly dialect?: Dialect;
}

/**
 * Versions as the guest and the index tell them: of the packages that provide a library, the one in the guest counts, in
 * the version that is there, if the index says that it provides `so-ver:` too (without that, nothing would satisfy the
 * dependency). A library of a package that is being built has that package's new version.
 *
 * melange asks for the new version of what is being built, too, when nothing in the index provides the library, and never
 * for that of a package in the guest (it takes an index entry whose `so-ver:` version is no version). There `versionOf` throws
 * `BUILD_LIBRARY_OUTDATED` where the package that was built last is older than the one of its name in the guest.
 */
export function libraryVersions(request: LibraryVersionsRequest): LibraryVersions {
  const providers = providersOf(request.index);
  const quirks = request.dialect === 'melange';
  return {
    versionOf(soname) {
      const candidates = providers.get(soname);
      if (candidates === undefined) return quirks ? request.version : undefined;
      const chosen = candidates.find(
        ({ name }) => request.building.has(name) || request.installed.has(name),
      );
      if (chosen === undefined) return undefined;
      if (request.building.has(chosen.name)) return request.version;
      const installed = request.installed.get(chosen.name) ?? '';
      if (quirks && compareVersions(chosen.version, installed) < 0)
        throw outdated(soname, chosen, installed);
      const entries = quirks ? [chosen] : candidates.filter(({ name }) => name === chosen.name);
      return entries.some((entry) => serves(entry, soname, installed, quirks))
        ? installed
        : undefined;
    },
  };
}

function outdated(
  soname: string,
  { name, version }: LibraryProvider,
  installed: string,
): KilnError {
  return new KilnError(
    'BUILD_LIBRARY_OUTDATED',
    `library "${shorten(soname)}": ${shorten(name)} ${installed} is in the guest, and ${version} was built after it`,
    { hint: 'build the newer version again, or take the older one out of the repository' },
  );
}

/** By library, the most recently built first, and the higher version first of those built at one time. */
function providersOf(
  index: readonly LibraryProvider[],
): ReadonlyMap<string, readonly LibraryProvider[]> {
  const providers = new Map<string, LibraryProvider[]>();
  for (const one of index) {
    for (const provide of one.provides) {
      if (!provide.startsWith('so:')) continue;
      const soname = provide.slice('so:'.length).split('=')[0] ?? '';
      const known = providers.get(soname);
      if (known === undefined) providers.set(soname, [one]);
      else if (known.at(-1) !== one) known.push(one);
    }
  }
  for (const known of providers.values())
    known.sort(
      (a, b) =>
        b.buildTimeSeconds - a.buildTimeSeconds ||
        compareBytes(a.name, b.name) ||
        compareVersions(b.version, a.version),
    );
  return providers;
}

function serves(
  entry: LibraryProvider,
  soname: string,
  installed: string,
  quirks: boolean,
): boolean {
  const prefix = `so-ver:${soname}=`;
  const versions = entry.provides
    .filter((provide) => provide.startsWith(prefix))
    .map((provide) => provide.slice(prefix.length));
  if (quirks) return versions.some((version) => !isVersion(version));
  return versions.some((version) => isVersion(version) && compareVersions(version, installed) >= 0);
}
