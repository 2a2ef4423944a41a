import path from 'node:path';
import type { AssemblyDialect } from '@kiln/assemble';
import { KilnError, shorten, sortUnique, withoutUserInfo } from '@kiln/base';
import { completeImageConfig, worldEntryName, worldEntryProblem } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import type { ImageLockRequest } from '@kiln/solve';
import { annotationsOfFlag } from './annotations.ts';
import { buildDate } from './build-date.ts';
import type { BuildDate } from './build-date.ts';
import { loadConfig } from './load-config.ts';
import type { ImageTask } from './task.ts';

/** A configuration that was read, and what the command line adds to it. */
export interface ImageRequest {
  readonly dialect: AssemblyDialect;
  readonly file: string;
  /** As it is written, with includes merged and the annotations of the command line. */
  readonly config: ImageConfig;
  readonly checksum: string;
  readonly date: BuildDate;
  /** Folders in which files are looked for. */
  readonly folders: readonly string[];
  readonly appended: ImageTask['appended'];
}

/**
 * Reads the configuration of a task. Dialect `kiln` takes packages of the command line for the configuration’s, and default
 * places where nothing names a repository or a lock. Throws as `loadConfig`, `USAGE` for a date or an annotation that is none, and in
 * dialect `kiln` `IMAGE_BASE_IMAGE` and `IMAGE_CREDENTIALS`.
 */
export async function imageRequest(task: ImageTask): Promise<ImageRequest> {
  const { dialect, file, folders, environment } = task;
  const annotations = annotationsOfFlag(task.annotations);
  const loaded = loadConfig(file, { folders, dialect });
  const config = {
    ...loaded.config,
    annotations: { ...loaded.config.annotations, ...annotations },
  };
  const request = {
    dialect,
    file,
    config,
    checksum: loaded.checksum,
    date: buildDate(task.buildDate, environment, dialect),
    folders,
    appended: task.appended,
  };
  return dialect === 'apko' ? request : completed(request, task);
}

async function completed(request: ImageRequest, task: ImageTask): Promise<ImageRequest> {
  const { config, appended } = request;
  const { contents } = config;
  if (contents.baseImage !== undefined)
    throw new KilnError(
      'IMAGE_BASE_IMAGE',
      `${shorten(request.file, 200)}: base images are apko’s`,
      {
        hint: 'list the packages of the base image, or say --compat apko with --lockfile',
      },
    );
  refuseCredentials(appended);
  refuseEntries(appended.packages);
  refuseContradictions(request);
  const packages = [...contents.packages, ...appended.packages];
  const own = { ...config, contents: { ...contents, packages } };
  const isNamed = task.lockFile !== '' || repositoriesOf({ config, appended }).length > 0;
  const places = isNamed ? undefined : await task.defaultPlaces?.();
  return {
    ...request,
    config: own,
    appended: {
      ...appended,
      packages: [],
      repositories: [...appended.repositories, ...(places?.repositories ?? [])],
      keys: [...appended.keys, ...(places?.keys ?? [])],
    },
  };
}

/** An address is recorded in locks and printed; a secret in it would be everybody’s. */
function refuseCredentials({ keys, buildRepositories, repositories }: ImageTask['appended']): void {
  for (const text of [...buildRepositories, ...repositories, ...keys])
    if (withoutUserInfo(text) !== text)
      throw new KilnError(
        'IMAGE_CREDENTIALS',
        `${shorten(withoutUserInfo(text), 200)} was given with a password in it`,
        { hint: 'take it out, and set HTTP_AUTH=basic:HOST:USER:PASSWORD' },
      );
}

function refuseEntries(packages: readonly string[]): void {
  for (const text of packages) {
    const found = worldEntryProblem(text);
    if (found !== undefined)
      throw new KilnError('IMAGE_CONFIG_INVALID', `--package-append: ${found.message}`, {
        hint: found.hint,
      });
  }
}

/** An entry of the command line takes nothing back that the configuration says. */
function refuseContradictions({ file, config, appended }: ImageRequest): void {
  const asked = new Map(
    config.contents.packages.map((text) => [worldEntryName(text), text] as const),
  );
  for (const text of appended.packages) {
    const entry = text.startsWith('!') ? asked.get(text.slice(1)) : undefined;
    if (entry !== undefined)
      throw new KilnError(
        'IMAGE_CONFIG_INVALID',
        `--package-append "${shorten(text)}" keeps out what ${shorten(file, 200)} asks for: "${shorten(entry)}"`,
        { hint: `leave it out of a configuration that has include: ${path.basename(file)}` },
      );
  }
}

/** What is solved for a request. */
export function lockRequest({ config, appended }: ImageRequest): ImageLockRequest {
  return { config, appendedPackages: appended.packages };
}

/** The repositories that packages come from, in the order in which they count. Throws `IMAGE_NO_REPOSITORY`. */
export function solvedRepositories(request: ImageRequest): readonly string[] {
  const all = repositoriesOf(request);
  if (all.length > 0) return sortUnique(all);
  const factory = request.dialect === 'kiln' ? ', or start a factory: kiln up' : '';
  throw new KilnError('IMAGE_NO_REPOSITORY', 'must provide at least one repository', {
    hint: `name one under contents.repositories or with --repository-append${factory}`,
  });
}

/** As written, in any number. */
export function repositoriesOf({
  config,
  appended,
}: Pick<ImageRequest, 'config' | 'appended'>): readonly string[] {
  const { buildRepositories, repositories } = config.contents;
  return [
    ...buildRepositories,
    ...repositories,
    ...appended.buildRepositories,
    ...appended.repositories,
  ];
}

/** The keys that are trusted. */
export function trustedKeys({ config, appended }: ImageRequest): readonly string[] {
  return sortUnique([...config.contents.keyring, ...appended.keys]);
}

/** The keys that images have in `etc/apk/keys`: in dialect `kiln` those of the configuration alone. */
export function installedKeys(request: ImageRequest): readonly string[] {
  if (request.dialect === 'apko') return trustedKeys(request);
  return sortUnique(request.config.contents.keyring);
}

/** What `etc/apk/repositories` lists in the image: in dialect `kiln` what the configuration says alone. */
export function imageRepositories({ dialect, config, appended }: ImageRequest): readonly string[] {
  const { repositories, runtimeRepositories } = config.contents;
  const more = dialect === 'apko' ? appended.repositories : [];
  return sortUnique([...repositories, ...runtimeRepositories, ...more].map(withoutUserInfo));
}

/**
 * The configuration as images record it: in dialect `apko` with what the flags add. Passwords in addresses do not get there:
 * what apko lets into the image is everybody’s.
 */
export function recordedConfig({ dialect, config, appended }: ImageRequest): ImageConfig {
  const added = dialect === 'apko' ? appended : nothing;
  const redacted = (...lists: readonly (readonly string[])[]): string[] =>
    lists.flat().map(withoutUserInfo);
  const { contents } = config;
  return {
    ...config,
    contents: {
      ...contents,
      buildRepositories: redacted(contents.buildRepositories, added.buildRepositories),
      repositories: redacted(contents.repositories, added.repositories),
      runtimeRepositories: redacted(contents.runtimeRepositories),
      keyring: redacted(contents.keyring, added.keys),
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

/** Throws `IMAGE_CONFIG_INVALID` in dialect `kiln`, in which an image without packages is a mistake. */
export function requirePackages({ dialect, config, file }: ImageRequest): void {
  if (dialect === 'apko' || config.contents.packages.length > 0) return;
  throw new KilnError('IMAGE_CONFIG_INVALID', `${shorten(file, 200)}: there are no packages`, {
    hint: 'list them under contents.packages, or give --package-append',
  });
}
