import { defaultPackageLimits } from '@kiln/apk';
import { defaultClientLimits } from '@kiln/apk-client';
import type { Flags } from '../drop-in/flags.ts';
import type { DropInInvocation } from '../drop-in/subcommand.ts';
import type { ImageTask, ReadingOptions } from '../image-build/task.ts';
import type { FlagTable } from '../drop-in/flag.ts';

/** What a command line of apko asks for, by apko’s rules. `table` is the subcommand’s: not every one has every flag. */
export function taskOfFlags(
  { flags, positionals, environment, log, signal }: DropInInvocation,
  table: FlagTable,
): ImageTask {
  const list = (name: string): readonly string[] => (name in table ? flags.list(name) : []);
  const text = (name: string): string => (name in table ? flags.string(name) : '');
  const bool = (name: string): boolean => name in table && flags.bool(name);
  const buildArch = text('build-arch');
  return {
    dialect: 'apko',
    file: positionals[0] ?? '',
    archs: buildArch === '' ? list('arch') : [buildArch],
    folders: list('include-paths'),
    buildDate: text('build-date'),
    annotations: list('annotations'),
    lockFile: text('lockfile'),
    vcs: bool('vcs'),
    sbomFormats: bool('sbom') && list('sbom-formats').includes('spdx') ? ['spdx'] : [],
    compression: 'gzip',
    appended: {
      keys: list('keyring-append'),
      buildRepositories: list('build-repository-append'),
      repositories: list('repository-append'),
      packages: list('package-append'),
    },
    reading: {
      cacheDirectory: text('cache-dir'),
      offline: bool('offline'),
      ignoreSignatures: bool('ignore-signatures'),
      ...('max-apk-data-size' in table ? { limits: limitsOf(flags) } : {}),
    },
    environment,
    log,
    signal,
  };
}

function limitsOf(flags: Flags): NonNullable<ReadingOptions['limits']> {
  const bytes = (name: string, normal: number): number => {
    const value = flags.integer(name);
    return value < 0 ? Number.MAX_SAFE_INTEGER : value === 0 ? normal : value;
  };
  return {
    packages: {
      controlBytesMax: bytes('max-apk-control-size', defaultPackageLimits.controlBytesMax),
      dataBytesMax: bytes('max-apk-data-size', defaultPackageLimits.dataBytesMax),
    },
    indexContentBytesMax: bytes(
      'max-apkindex-decompressed-size',
      defaultClientLimits.indexContentBytesMax,
    ),
    answerBytesMax: bytes('max-http-response-size', defaultClientLimits.packageBytesMax),
  };
}
