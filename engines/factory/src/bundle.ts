import type { CompressionName } from '@kiln/assemble';
import type { Digest } from '@kiln/base';
import type { Key } from '@kiln/queue';
import type { Architecture } from '@kiln/recipe';
import { z } from 'zod';
import { decodeYaml, text } from '@kiln/yaml';
import { KilnError } from '@kiln/base';

/** What `catalog.yaml` says. */
export interface CatalogSettings {
  /** Names the package repository of this catalog. */
  readonly name: string;
  /** The vendor in package URLs and SBOMs. */
  readonly namespace: string;
  /** Seconds since 1970: the SOURCE_DATE_EPOCH of everything built. */
  readonly epochSeconds: number;
  /** What every build environment has. */
  readonly environmentPackages: readonly string[];
  /** Recipes whose role the seed plays in build environments. */
  readonly fromSeed: readonly string[];
  /** Variables of every build step, below the recipe's own. */
  readonly variables: Readonly<Record<string, string>>;
  /** Of the layers of images; gzip where it is absent. */
  readonly compression?: CompressionName;
  /** The catalog that this one builds upon; absent for one that builds upon none. */
  readonly base?: Pick<CatalogSettings, 'name' | 'namespace'>;
}

/** The vendor in package URLs of what is in a repository that a catalog takes packages from: its own, its base's, or the base's seed. */
export function namespaceOf(settings: CatalogSettings, repository: string): string {
  const { base = settings } = settings;
  return repository === settings.name ? settings.namespace : base.namespace;
}

/** What `catalog.yaml` says. */
export interface CatalogDocument {
  readonly settings: CatalogSettings;
  /** Names of the images that are ready first: what they need is built before anything else. */
  readonly first: readonly string[];
}

const settingsSchema = z.object({
  name: text().regex(
    /^[a-z0-9][a-z0-9._-]*$/,
    'expected lower-case letters, digits, ".", "_" and "-"',
  ),
  namespace: text().regex(
    /^[a-z0-9][a-z0-9._-]*$/,
    'expected lower-case letters, digits, ".", "_" and "-"',
  ),
  date: text().regex(/^\d{4}-\d{2}-\d{2}$/, 'expected a date such as 2026-11-21'),
  architectures: z.array(text()).optional(),
  first: z.array(text()).optional(),
  environment: z
    .object({
      packages: z.array(text()).optional(),
      'from-seed': z.array(text()).optional(),
      variables: z.record(z.string(), text()).optional(),
    })
    .optional(),
  images: z.object({ compression: z.enum(['gzip', 'zstd']).optional() }).optional(),
});

/**
 * Reads `catalog.yaml`; what it leaves out of the environment and of what holds for all images comes from `base`.
 * Throws `YAML_…` with a position and `CATALOG_DATE`.
 */
export function parseCatalogDocument(
  source: string,
  file: string,
  base?: CatalogSettings,
): CatalogDocument {
  const settings = decodeYaml(source, { file, schema: settingsSchema });
  const epochMs = Date.parse(`${settings.date}T00:00:00Z`);
  if (Number.isNaN(epochMs)) {
    throw new KilnError('CATALOG_DATE', `${file}: not a date: ${settings.date}`, {
      hint: 'write year-month-day',
    });
  }
  const compression = settings.images?.compression ?? base?.compression;
  return {
    settings: {
      name: settings.name,
      namespace: settings.namespace,
      epochSeconds: epochMs / 1000,
      environmentPackages: settings.environment?.packages ?? base?.environmentPackages ?? [],
      fromSeed: settings.environment?.['from-seed'] ?? base?.fromSeed ?? [],
      variables: { ...base?.variables, ...settings.environment?.variables },
      ...(compression === undefined ? {} : { compression }),
      ...(base === undefined ? {} : { base: { name: base.name, namespace: base.namespace } }),
    },
    first: settings.first ?? [],
  };
}

/** A file beside a recipe: patches, sources of our own. */
export interface SideFile {
  readonly path: string;
  readonly blob: Digest;
  readonly executable: boolean;
}

/** The `seed.yaml` of a catalog that adds to the seed of the base. */
export interface SeedAdditionText {
  /** Its name in messages. */
  readonly file: string;
  readonly text: string;
}

/** Everything the seed reconciler needs to know. */
export interface SeedBundle {
  readonly kind: 'seed';
  readonly arch: Architecture;
  readonly epochSeconds: number;
  readonly source: string;
  /** Of the catalogs beside the base, in their order; absent without any. */
  readonly additions?: readonly SeedAdditionText[];
}

/** Everything the package reconciler needs to know of one recipe. */
export interface PackageBundle {
  readonly kind: 'package';
  readonly name: string;
  readonly arch: Architecture;
  readonly settings: CatalogSettings;
  readonly file: string;
  readonly source: string;
  /** The reusable pipelines it uses, directly or not, by name. */
  readonly pipelines: Readonly<Record<string, string>>;
  readonly sideFiles: readonly SideFile[];
  /** Keys of the packages that may enter its build environment; all are waited for. */
  readonly closure: readonly Key[];
  readonly seed: Key;
}

/** What may enter the guest of one package's test. */
export interface TestGuest {
  /** The package that is tested. */
  readonly package: string;
  /** Atoms beside those of the test itself: what every environment has. */
  readonly world: readonly string[];
  /** Keys of the other packages that may enter; all are waited for. */
  readonly closure: readonly Key[];
  /** Keys that are waited for only when the guest does not resolve without them. */
  readonly optional: readonly Key[];
  /** Whether the seed's packages may enter. */
  readonly seed: boolean;
}

/** Everything the test reconciler needs to know of one recipe. */
export interface TestBundle {
  readonly kind: 'test';
  readonly name: string;
  readonly arch: Architecture;
  readonly settings: CatalogSettings;
  readonly file: string;
  readonly source: string;
  /** As in the package's bundle. */
  readonly pipelines: Readonly<Record<string, string>>;
  /** The key of what is tested. */
  readonly package: Key;
  /** One for each package that has a test, in the order of the recipe. */
  readonly guests: readonly TestGuest[];
  readonly seed: Key;
}

/** Everything the index reconciler needs to know. */
export interface IndexBundle {
  readonly kind: 'index';
  readonly repository: string;
  readonly arch: Architecture;
  readonly packages: readonly Key[];
  /** Packages of the catalogs that this one builds upon. */
  readonly below: readonly Key[];
  /** The tests of all of these. */
  readonly tests: readonly Key[];
}

/** Everything the image reconciler needs to know. */
export interface ImageBundle {
  readonly kind: 'image';
  readonly name: string;
  readonly arch: Architecture;
  readonly settings: CatalogSettings;
  readonly file: string;
  readonly source: string;
  readonly testFile: string;
  readonly testSource: string;
  /** Keys of the packages that may enter the image or its test; all are waited for. */
  readonly closure: readonly Key[];
  /** Keys that are waited for only when the closure alone does not resolve. */
  readonly optional: readonly Key[];
  /** Keys of what all of these may be made of besides. */
  readonly ingredients: readonly Key[];
  /** The tests of all of these: what they hold back is not shown. */
  readonly tests: readonly Key[];
  /** Repositories in the order of resolution. */
  readonly repositories: readonly string[];
}

export type Bundle = SeedBundle | PackageBundle | TestBundle | IndexBundle | ImageBundle;
