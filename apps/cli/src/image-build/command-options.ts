import type { OptionHelp } from '../command.ts';

type Options = Readonly<Record<string, OptionHelp>>;

/** Options of every command that reads a configuration. */
export const configOptions: Options = {
  'include-paths': {
    type: 'string',
    multiple: true,
    value: 'DIR',
    help: 'more folders in which included configurations are looked for',
  },
  compat: {
    type: 'string',
    value: 'apko',
    help: 'follow apko’s rules, oddities included: what comes out is what kiln apko makes',
  },
};

/** What the command line adds to a configuration, and how that is read. */
export const appendOptions: Options = {
  'repository-append': {
    type: 'string',
    short: 'r',
    multiple: true,
    value: 'URL|DIR',
    help: 'more repositories (where nothing names one, those of the factory that runs here)',
  },
  'build-repository-append': {
    type: 'string',
    short: 'b',
    multiple: true,
    value: 'URL|DIR',
    help: 'the same; apko records the others in the image',
  },
  'keyring-append': {
    type: 'string',
    short: 'k',
    multiple: true,
    value: 'FILE|URL',
    help: 'more public keys of repositories',
  },
  'package-append': {
    type: 'string',
    short: 'p',
    multiple: true,
    value: 'PACKAGE',
    help: 'more packages',
  },
  'cache-dir': {
    type: 'string',
    value: 'DIR',
    help: 'indexes and packages that were fetched; may be shared (~/.cache/kiln/apk)',
  },
  offline: { type: 'boolean', help: 'use what was fetched before, and ask nobody' },
};

/** Options of commands that look at repositories. */
export const packageOptions: Options = {
  ...configOptions,
  arch: {
    type: 'string',
    multiple: true,
    value: 'ARCH',
    help: 'architectures, such as x86_64 or arm64, all, or host (those of the configuration, or this machine’s)',
  },
  ...appendOptions,
  'ignore-signatures': { type: 'boolean', help: 'believe indexes that nobody signed' },
};

/** Options of commands that make a file system, beside those. */
export const buildOptions: Options = {
  ...packageOptions,
  lockfile: {
    type: 'string',
    value: 'FILE',
    help: 'a lock made by kiln image lock: exactly its packages are taken, and nothing is solved',
  },
  'build-date': {
    type: 'string',
    value: 'TIME',
    help: 'the time of what is made here, in RFC 3339 (SOURCE_DATE_EPOCH, or that of the youngest package)',
  },
};

/** Options of commands that make images, beside those. */
export const imageOptions: Options = {
  ...buildOptions,
  annotations: {
    type: 'string',
    multiple: true,
    value: 'KEY:VALUE',
    help: 'more annotations of the image',
  },
  compression: {
    type: 'string',
    value: 'gzip|zstd',
    help: 'of layers (gzip); zstd is faster for packages of other tools than Kiln, and read by Docker since 23 and containerd since 1.5',
  },
  'no-vcs': { type: 'boolean', help: 'do not record the git commit of the configuration' },
  'sbom-path': {
    type: 'string',
    value: 'DIR',
    help: 'where SBOMs go, one for each image and one for their index; none are written without it',
  },
  'sbom-formats': {
    type: 'string',
    multiple: true,
    value: 'FORMAT',
    help: 'spdx (the default), cyclonedx, or both with a comma; an index has SPDX alone',
  },
};
