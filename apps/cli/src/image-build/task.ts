import type { PackageLimits } from '@kiln/apk';
import type { AssemblyDialect, CompressionName } from '@kiln/assemble';
import type { Logger } from '@kiln/base';
import type { SbomFormat } from './sbom-formats.ts';

/** Repositories and keys, as a command line or a configuration writes them. */
export interface PackagePlaces {
  readonly repositories: readonly string[];
  readonly keys: readonly string[];
}

/** How repositories are read. */
export interface ReadingOptions {
  /** "" for the usual place. */
  readonly cacheDirectory: string;
  readonly offline: boolean;
  readonly ignoreSignatures: boolean;
  /** Bounds other than the usual ones. */
  readonly limits?: {
    readonly packages: Partial<PackageLimits>;
    readonly answerBytesMax: number;
    readonly indexContentBytesMax: number;
  };
}

/** What is to be done with a configuration, whichever command line says it. */
export interface ImageTask {
  /** By whose rules: `kiln` refuses more, keeps more and records less than `apko`. */
  readonly dialect: AssemblyDialect;
  readonly file: string;
  /** Architectures, as they are said; those of the configuration where none are. */
  readonly archs: readonly string[];
  /** More folders in which configurations and base images are looked for. */
  readonly folders: readonly string[];
  /** RFC 3339, or "". */
  readonly buildDate: string;
  /** `key:value` each. */
  readonly annotations: readonly string[];
  /** "" where packages are solved. */
  readonly lockFile: string;
  /** The git commit of the configuration is recorded. */
  readonly vcs: boolean;
  /** The forms of the SBOMs that are made; none where it is empty. */
  readonly sbomFormats: readonly SbomFormat[];
  /** Of layers; dialect `apko` knows gzip alone. */
  readonly compression: CompressionName;
  readonly appended: {
    readonly keys: readonly string[];
    readonly buildRepositories: readonly string[];
    readonly repositories: readonly string[];
    readonly packages: readonly string[];
  };
  readonly reading: ReadingOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** What to use where neither the configuration nor the command line names a repository. */
  defaultPlaces?(): Promise<PackagePlaces>;
  /** Told what begins now, in a few words. */
  onStage?(text: string): void;
}
