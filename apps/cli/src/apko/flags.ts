import type { FlagTable } from '../drop-in/flag.ts';

/** What a configuration is completed with. */
export const appendFlags: FlagTable = {
  'keyring-append': {
    type: 'strings',
    shorthand: 'k',
    help: 'more public keys: files or URLs',
  },
  'build-repository-append': {
    type: 'strings',
    shorthand: 'b',
    help: 'more repositories, not recorded in the image',
  },
  'repository-append': {
    type: 'strings',
    shorthand: 'r',
    help: 'more repositories',
  },
};

export const packageFlag: FlagTable = {
  'package-append': { type: 'strings', shorthand: 'p', help: 'more packages' },
};

export const archFlag: FlagTable = {
  arch: {
    type: 'strings',
    help: 'architectures, such as x86_64 or arm64, or host; those of the configuration, or all, otherwise',
  },
};

export const cacheDirFlag: FlagTable = {
  'cache-dir': { type: 'string', help: 'the folder of indexes and packages that were fetched' },
};

export const cacheFlags: FlagTable = {
  ...cacheDirFlag,
  offline: { type: 'bool', help: 'use what was fetched before, and ask nobody' },
};

export const includeFlag: FlagTable = {
  'include-paths': {
    type: 'strings',
    help: 'more folders in which configurations and base images are looked for',
  },
};

export const trustFlag: FlagTable = {
  'ignore-signatures': { type: 'bool', help: 'believe indexes that nobody signed' },
};

export const dateFlag: FlagTable = {
  'build-date': {
    type: 'string',
    help: 'the time of what is made here, in RFC 3339; SOURCE_DATE_EPOCH counts before it',
  },
};

const limitHelp = (what: string): string => `most bytes of ${what}; 0: the default, -1: any number`;

/** Bounds on what repositories send. */
export const limitFlags: FlagTable = {
  'max-apkindex-decompressed-size': {
    type: 'int',
    default: 300 * 2 ** 20,
    help: limitHelp('an index, unpacked'),
  },
  'max-apk-control-size': {
    type: 'int',
    default: 10 * 2 ** 20,
    help: limitHelp('a package’s control section, unpacked'),
  },
  'max-apk-data-size': {
    type: 'int',
    default: 16 * 2 ** 30,
    help: limitHelp('a package’s files'),
  },
  'max-http-response-size': {
    type: 'int',
    default: 8 * 2 ** 30,
    help: limitHelp('an answer of a server'),
  },
};

/** What `build` and `publish` both have. */
export const imageFlags: FlagTable = {
  ...appendFlags,
  ...packageFlag,
  ...archFlag,
  ...cacheFlags,
  ...trustFlag,
  ...dateFlag,
  annotations: { type: 'strings', help: 'more annotations of the image, key:value' },
  lockfile: { type: 'string', help: 'a lock made by `lock`: exactly its packages are taken' },
  sbom: { type: 'bool', default: true, help: 'describe the images (SBOM)' },
  'sbom-formats': {
    type: 'strings',
    default: ['spdx'],
    help: 'forms of the SBOM; spdx is the only one there is, others are passed over',
  },
  'sbom-path': { type: 'string', help: 'the folder of the SBOMs' },
  vcs: { type: 'bool', default: true, help: 'record the git commit of the configuration' },
};

/** For one machine’s file system. */
export const rootFlags: FlagTable = {
  ...appendFlags,
  ...packageFlag,
  ...dateFlag,
  ...limitFlags,
  'build-arch': { type: 'string', help: 'the architecture; this machine’s otherwise' },
  'sbom-path': {
    type: 'string',
    help: 'the folder of an SBOM',
    unused: 'there is none of a plain file system, and apko makes none either',
  },
};
