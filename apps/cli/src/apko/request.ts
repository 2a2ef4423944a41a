import { KilnError, sortUnique, withoutUserInfo } from '@kiln/base';
import { completeImageConfig } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import type { ImageLockRequest } from '@kiln/solve';
import type { DropInInvocation } from '../drop-in/subcommand.ts';
import { buildDate } from './build-date.ts';
import type { BuildDate } from './build-date.ts';
import { loadConfig } from './load-config.ts';

/** What a command line asks for: a configuration, and what the flags add to it. */
export interface ImageRequest {
  readonly file: string;
  /** As it is written, with includes merged. */
  readonly config: ImageConfig;
  readonly checksum: string;
  readonly date: BuildDate;
  /** Folders in which files are looked for. */
  readonly folders: readonly string[];
  readonly appended: {
    readonly keys: readonly string[];
    readonly buildRepositories: readonly string[];
    readonly repositories: readonly string[];
    readonly packages: readonly string[];
  };
}

/**
 * Reads the configuration that a command line names. Not every command has every flag. Throws as `loadConfig`, and `APKO_USAGE`
 * for a date that is none.
 */
export function imageRequest(
  { flags, environment }: Pick<DropInInvocation, 'flags' | 'environment'>,
  file: string,
  has: { readonly packages?: boolean; readonly date?: boolean; readonly folders?: boolean },
): ImageRequest {
  const list = (name: string, isThere = true): readonly string[] =>
    isThere ? flags.list(name) : [];
  const folders = list('include-paths', has.folders ?? false);
  return {
    file,
    ...loadConfig(file, folders),
    date: buildDate(has.date === true ? flags.string('build-date') : '', environment),
    folders,
    appended: {
      keys: list('keyring-append'),
      buildRepositories: list('build-repository-append'),
      repositories: list('repository-append'),
      packages: list('package-append', has.packages ?? false),
    },
  };
}

/** What is solved for a request. */
export function lockRequest({ config, appended }: ImageRequest): ImageLockRequest {
  return { config, appendedPackages: appended.packages };
}

/** The repositories that packages come from, in the order in which they count. Throws `APKO_NO_REPOSITORY`. */
export function solvedRepositories({ config, appended }: ImageRequest): readonly string[] {
  const { buildRepositories, repositories } = config.contents;
  const all = [
    ...buildRepositories,
    ...repositories,
    ...appended.buildRepositories,
    ...appended.repositories,
  ];
  if (all.length > 0) return sortUnique(all);
  throw new KilnError('APKO_NO_REPOSITORY', 'must provide at least one repository', {
    hint: 'name one under contents.repositories or with --repository-append',
  });
}

/** The keys that are trusted and installed. */
export function trustedKeys({ config, appended }: ImageRequest): readonly string[] {
  return sortUnique([...config.contents.keyring, ...appended.keys]);
}

/** What `etc/apk/repositories` lists in the image. */
export function imageRepositories({ config, appended }: ImageRequest): readonly string[] {
  const { repositories, runtimeRepositories } = config.contents;
  return sortUnique(
    [...repositories, ...runtimeRepositories, ...appended.repositories].map(withoutUserInfo),
  );
}

/**
 * The configuration with what the flags add, as images record it. Passwords in addresses do not get there: what apko lets into
 * the image is everybody’s.
 */
export function recordedConfig({ config, appended }: ImageRequest): ImageConfig {
  const redacted = (...lists: readonly (readonly string[])[]): string[] =>
    lists.flat().map(withoutUserInfo);
  const { contents } = config;
  return {
    ...config,
    contents: {
      ...contents,
      buildRepositories: redacted(contents.buildRepositories, appended.buildRepositories),
      repositories: redacted(contents.repositories, appended.repositories),
      runtimeRepositories: redacted(contents.runtimeRepositories),
      keyring: redacted(contents.keyring, appended.keys),
    },
  };
}

const nothing: ImageRequest['appended'] = {
  keys: [],
  buildRepositories: [],
  repositories: [],
  packages: [],
};

/** The configuration of one file system that is not locked, as it records itself: without what the flags add. */
export function unlockedConfig(request: ImageRequest): ImageConfig {
  return completeImageConfig(recordedConfig({ ...request, appended: nothing }));
}
