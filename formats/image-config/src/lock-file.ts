import { KilnError, shorten } from '@kiln/base';
import { foldedName, goJson } from '@kiln/oci';
import { z } from 'zod';
import { doubtOfLock, lockVersion } from './lock-doubt.ts';
import type { ConfigDialect } from './types.ts';

/** A part of a package file: an inclusive byte range `bytes=A-B`, and `sha1-…` or `sha256-…` in base64. */
export interface LockedSection {
  readonly range: string;
  readonly checksum: string;
}

/** A package as a lock pins it, whatever it is called in an index tomorrow. */
export interface LockedPackage {
  readonly name: string;
  readonly url: string;
  readonly version: string;
  /** As the index says it: apk's name, or `noarch`. */
  readonly architecture: string;
  /** Empty texts where the package is unsigned. */
  readonly signature: LockedSection;
  readonly control: LockedSection;
  readonly data: LockedSection;
  /** `Q1…` of the control section; "" in locks of older tools. */
  readonly checksum: string;
}

export interface LockedRepository {
  readonly name: string;
  readonly url: string;
  readonly architecture: string;
}

export interface LockedKey {
  readonly name: string;
  readonly url: string;
  /** PEM; "" in locks of older tools. */
  readonly content: string;
}

/** What `apko lock` writes: one image's packages for all its architectures. */
export interface LockFile {
  /** The configuration it was made from; undefined where the lock does not say. */
  readonly config:
    | {
        readonly name: string;
        /** `sha256-` and base64, over the bytes of the configuration and of what it includes. */
        readonly checksum: string;
      }
    | undefined;
  readonly keyring: readonly LockedKey[];
  readonly buildRepositories: readonly LockedRepository[];
  readonly runtimeRepositories: readonly LockedRepository[];
  readonly repositories: readonly LockedRepository[];
  /** Architecture by architecture, each in the order of installation. */
  readonly packages: readonly LockedPackage[];
}

/** Largest lock that is read. */
export const lockFileBytesMax: number = 64 * 1024 * 1024;

/** Go prints absent values as null in places. */
const text = () => z.preprocess((value) => value ?? '', z.string());
const list = <T extends z.ZodType>(item: T) => z.preprocess((value) => value ?? [], z.array(item));
const section = z.preprocess((value) => value ?? {}, z.object({ range: text(), checksum: text() }));
const repository = z.object({ name: text(), url: text(), architecture: text() });

const shape = z.object({
  version: z.unknown().optional(),
  config: z.preprocess(
    (value) => value ?? undefined,
    z.object({ name: text(), checksum: text() }).optional(),
  ),
  contents: z.preprocess(
    (value) => value ?? {},
    z.object({
      keyring: list(z.object({ name: text(), url: text(), content: text() })),
      build_repositories: list(repository),
      runtime_repositories: list(repository),
      repositories: list(repository),
      packages: list(
        z.object({
          name: text(),
          url: text(),
          version: text(),
          architecture: text(),
          signature: section,
          control: section,
          data: section,
          checksum: text(),
        }),
      ),
    }),
  ),
});

/**
 * Reads a lock. Members that are not known are ignored, those that are absent are empty, as the tool that writes them has
 * it; in dialect `apko` the case of their names does not count. Dialect `kiln` refuses a lock of another version than `v1`, a package twice, and what is no name or version. Throws
 * `IMAGE_LOCK_INVALID`, which names the file and the member.
 */
export function parseLockFile(
  bytes: Uint8Array,
  file: string,
  dialect: ConfigDialect = 'kiln',
): LockFile {
  const fail = (why: string, cause?: unknown): KilnError =>
    new KilnError('IMAGE_LOCK_INVALID', `${shorten(file, 200)}: ${why}`, {
      hint: 'make the lock anew',
      cause,
    });
  if (bytes.length > lockFileBytesMax) throw fail(`larger than ${lockFileBytesMax} bytes`);
  let value: unknown;
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = dialect === 'apko' ? JSON.parse(json, withFoldedNames) : JSON.parse(json);
  } catch (cause) {
    throw fail('not a JSON document in UTF-8', cause);
  }
  const result = shape.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    throw fail(`${shorten(where)}${issue?.message ?? 'invalid'}`);
  }
  const { version, config, contents } = result.data;
  if (dialect === 'apko' && typeof (version ?? '') !== 'string') throw fail('version: no text');
  const doubt =
    dialect === 'kiln' ? doubtOfLock({ version, packages: contents.packages }) : undefined;
  if (doubt !== undefined) throw fail(doubt);
  return {
    config,
    keyring: contents.keyring,
    buildRepositories: contents.build_repositories,
    runtimeRepositories: contents.runtime_repositories,
    repositories: contents.repositories,
    packages: contents.packages,
  };
}

/** Of names that are one to Go the last counts, but for a null, which says nothing. */
function withFoldedNames(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [foldedName(name), member]));
}

/** The lock as `apko lock` writes it: two spaces a level, and a line break at the end. */
export function printLockFile(lock: LockFile): string {
  const { config } = lock;
  const document = {
    version: lockVersion,
    config: config && {
      name: config.name || undefined,
      checksum: config.checksum || undefined,
    },
    contents: {
      keyring: lock.keyring.map(({ name, url, content }) => ({
        name,
        url,
        content: content || undefined,
      })),
      build_repositories: lock.buildRepositories.map(repositoryMembers),
      runtime_repositories: lock.runtimeRepositories.map(repositoryMembers),
      repositories: lock.repositories.map(repositoryMembers),
      packages: lock.packages.map((one) => ({
        name: one.name,
        url: one.url,
        version: one.version,
        architecture: one.architecture,
        signature: sectionMembers(one.signature),
        control: sectionMembers(one.control),
        data: sectionMembers(one.data),
        checksum: one.checksum,
      })),
    },
  };
  return `${goJson(document, { indent: 2 })}\n`;
}

function repositoryMembers({ name, url, architecture }: LockedRepository): {
  readonly name: string;
  readonly url: string;
  readonly architecture: string;
} {
  return { name, url, architecture };
}

function sectionMembers({ range, checksum }: LockedSection): {
  readonly range: string;
  readonly checksum: string;
} {
  return { range, checksum };
}
