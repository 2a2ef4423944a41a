import { emptyImageConfig, imageConfigSchema, type ImageConfig } from '@kiln/image-config';
import { boolean, duration, integer, text } from '@kiln/yaml';
import { z } from 'zod';

type Strings = Record<string, string>;

export interface RawDependencies {
  runtime: string[];
  provides: string[];
  replaces: string[];
  'provider-priority': string;
  'replaces-priority': string;
}

export interface RawInput {
  description: string;
  default: string;
  required: boolean;
}

export interface RawStep {
  name: string;
  uses: string;
  with: Strings;
  runs: string;
  pipeline: RawStep[];
  if: string;
  'working-directory': string;
  environment?: Strings | undefined;
  needs?: { packages?: string[] | undefined } | undefined;
  inputs: Record<string, RawInput>;
  assertions?: { 'required-steps'?: number | undefined } | undefined;
  label: string;
}

export interface RawTest {
  environment: ImageConfig;
  /** Undefined where the key is not written: the compiled form tells it from an empty list. */
  pipeline?: RawStep[] | undefined;
}

export type RawPackageOptions = Record<
  'no-provides' | 'no-depends' | 'no-commands' | 'no-versioned-shlib-deps',
  boolean
>;

export interface RawScriptlets {
  'pre-install': string;
  'post-install': string;
  'pre-upgrade': string;
  'post-upgrade': string;
  'pre-deinstall': string;
  'post-deinstall': string;
  trigger?: { script: string; paths: string[] } | undefined;
}

export interface RawCapability {
  path: string;
  add: Strings;
  reason: string;
}

export interface RawFacts {
  name: string;
  description: string;
  url: string;
  commit: string;
  annotations: Strings;
  dependencies: RawDependencies;
  options?: RawPackageOptions | undefined;
  scriptlets?: RawScriptlets | undefined;
  checks: { disabled: string[] };
  setcap: RawCapability[];
}

export interface RawCopyright {
  license: string;
  paths: string[];
  attestation: string;
  'license-path': string;
  'detection-override': string;
}

export type RawResources = Record<'cpu' | 'cpumodel' | 'memory' | 'disk', string>;

export interface RawOrigin extends RawFacts {
  version: string;
  epoch: number;
  copyright: RawCopyright[];
  'target-architecture': string[];
  cpe: Record<(typeof cpeFields)[number], string>;
  timeout?: number | undefined;
  resources?: RawResources | undefined;
  'test-resources'?: RawResources | undefined;
}

export interface RawSubpackage extends RawFacts {
  if: string;
  range: string;
  pipeline: RawStep[];
  test?: RawTest | undefined;
}

export interface RawBuildOption {
  vars?: Strings | undefined;
  environment: {
    contents: { packages: { add?: string[] | undefined; remove?: string[] | undefined } };
  };
}

export interface RawTagFilter {
  'strip-prefix': string;
  'strip-suffix': string;
  'tag-filter-prefix': string;
  'tag-filter-contains': string;
}

export interface RawUpdate {
  enabled: boolean;
  manual: boolean;
  'require-sequential': boolean;
  shared: boolean;
  'version-separator': string;
  'ignore-regex-patterns': string[];
  'release-monitor'?:
    | {
        identifier: number;
        'strip-prefix': string;
        'strip-suffix': string;
        'version-filter-contains': string;
        'version-filter-prefix': string;
      }
    | undefined;
  github?:
    | (RawTagFilter & { identifier: string; 'tag-filter': string; 'use-tag': boolean })
    | undefined;
  git?: RawTagFilter | undefined;
  oci?: (RawTagFilter & { identifier: string }) | undefined;
  version_data?:
    | {
        version_format: string;
        sources?:
          | {
              name: string;
              stream: string;
              ignore: string[];
              commit_source: string;
              use_release: boolean;
            }[]
          | undefined;
      }
    | undefined;
  'version-transform': { match: string; replace: string }[];
  'exclude-reason': string;
  schedule?: { reason: string; period: string } | undefined;
  'enable-prerelease-tags': boolean;
}

export interface RawKiln {
  hardening: { exceptions: { path: string; check: string; reason: string }[] };
  acknowledge: { finding: string; reason: string }[];
  network?: { reason: string } | undefined;
}

export interface RawRecipe {
  package: RawOrigin;
  environment: ImageConfig;
  capabilities: { add: string[]; drop: string[] };
  pipeline: RawStep[];
  subpackages: RawSubpackage[];
  data: { name: string; items: Strings }[];
  /** Undefined where the key is not written, or says nothing. */
  vars?: Strings | undefined;
  'var-transforms': { from: string; match: string; replace: string; to: string }[];
  options: Record<string, RawBuildOption>;
  update: RawUpdate;
  test?: RawTest | undefined;
  kiln?: RawKiln | undefined;
}

const string = (about: string): z.ZodDefault<z.ZodString> => text().default('').describe(about);
const list = (about: string): z.ZodDefault<z.ZodArray<z.ZodString>> =>
  z.array(text()).default([]).describe(about);
const strings = (about: string): z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>> =>
  z.record(z.string(), text()).default({}).describe(about);
const flag = (about: string): z.ZodDefault<z.ZodBoolean> =>
  boolean().default(false).describe(about);

const stepSchema: z.ZodType<RawStep> = z.object({
  name: string('A label for logs.'),
  uses: string('The reusable pipeline to run, such as `autoconf/make`.'),
  with: strings('Inputs of the pipeline that `uses` names.'),
  runs: string('A shell script, run by the /bin/sh of the build environment.'),
  get pipeline(): z.ZodDefault<z.ZodArray<z.ZodType<RawStep>>> {
    return z.array(stepSchema).default([]).describe('Nested steps, run after `runs`.');
  },
  if: string('A condition; a step whose condition does not hold is left out.'),
  'working-directory': string('Absolute, or below /home/build; made when missing.'),
  environment: z
    .record(z.string(), text())
    .optional()
    .describe('Variables of this step and of those nested in it.'),
  needs: z
    .object({
      packages: z.array(text()).optional().describe('Packages added to the build environment.'),
    })
    .optional()
    .describe('What this step wants in the environment when it applies.'),
  inputs: z
    .record(
      z.string(),
      z.object({
        description: string('What the input means.'),
        default: string('The value where none, or the empty text, is given.'),
        required: flag('Whether the input must have a value.'),
      }),
    )
    .default({})
    .describe('The inputs of a pipeline definition.'),
  assertions: z
    .object({ 'required-steps': integer().optional() })
    .optional()
    .describe('How many direct nested steps must have run.'),
  label: string('An opaque tag.'),
}) as unknown as z.ZodType<RawStep>;

const steps = (about: string): z.ZodDefault<z.ZodArray<z.ZodType<RawStep>>> =>
  z.array(stepSchema).default([]).describe(about);

const environment = (about: string): z.ZodType<ImageConfig> =>
  (imageConfigSchema as z.ZodType<ImageConfig, ImageConfig>)
    .default(emptyImageConfig)
    .describe(about);

const testSchema = z
  .object({
    environment: environment('The environment of the test: an apko image configuration.'),
    pipeline: z.array(stepSchema).optional().describe('The steps of the test.'),
  })
  .optional()
  .describe('How the package is tested after it was built.');

const facts = {
  description: string('One line about the package.'),
  url: string('The home page.'),
  commit: string('The commit of the repository that holds the recipe.'),
  annotations: strings('Free-form facts, carried along.'),
  dependencies: z
    .object({
      runtime: list('What the package needs when installed; `!name` is a conflict.'),
      provides: list('Virtual names, `name` or `name=version`.'),
      replaces: list('Packages whose files may be overwritten.'),
      'provider-priority': string('Rank among providers of one unversioned name.'),
      'replaces-priority': string('Rank when two packages claim one file.'),
    })
    .prefault({})
    .describe('Relations of the package.'),
  options: z
    .object({
      'no-provides': flag('Generate no provides.'),
      'no-depends': flag('Generate no run-time dependencies.'),
      'no-commands': flag('Generate no `cmd:` provides.'),
      'no-versioned-shlib-deps': flag('Generate no `so-ver:` dependencies.'),
    })
    .optional()
    .describe('Switches for generated relations.'),
  scriptlets: z
    .object({
      trigger: z
        .object({ script: string('The script.'), paths: list('The directories that are watched.') })
        .optional()
        .describe('A script run when one of its directories changed.'),
      'pre-install': string('Run before the first installation.'),
      'post-install': string('Run after the first installation.'),
      'pre-deinstall': string('Run before removal.'),
      'post-deinstall': string('Run after removal.'),
      'pre-upgrade': string('Run before an upgrade.'),
      'post-upgrade': string('Run after an upgrade.'),
    })
    .optional()
    .describe('Whole scripts with their `#!` line.'),
  checks: z
    .object({ disabled: list('Linters whose findings are warnings for this package.') })
    .prefault({})
    .describe('Linter settings.'),
  setcap: z
    .array(
      z.object({
        path: string('The file.'),
        add: strings('Capability names (joined with commas) and flags such as `+ep`.'),
        reason: string('Why the file needs them.'),
      }),
    )
    .default([])
    .describe('File capabilities, set after the build.'),
};

const copyright = z
  .array(
    z.object({
      paths: list('The files it covers.'),
      attestation: string('The copyright notice.'),
      license: string('An SPDX licence expression.'),
      'license-path': string(
        'A file of the workspace with the text of a licence that SPDX does not list.',
      ),
      'detection-override': string('Silences licence detection for this entry.'),
    }),
  )
  .default([])
  .describe('Licences; several hold together.');

const cpeFields = [
  'part',
  'vendor',
  'product',
  'edition',
  'language',
  'sw_edition',
  'target_sw',
  'target_hw',
  'other',
] as const;

const cpe = z
  .object({
    part: string('`a` for applications (default), `o` for operating systems.'),
    vendor: string('Goes with product.'),
    product: string('Goes with vendor.'),
    edition: string('Any by default.'),
    language: string('Any by default.'),
    sw_edition: string('Any by default.'),
    target_sw: string('Any by default.'),
    target_hw: string('Any by default.'),
    other: string('Any by default.'),
  })
  .prefault({})
  .describe('The CPE 2.3 identity in SBOMs.');

const resources = (about: string): z.ZodType<RawResources | undefined> =>
  z
    .object({
      cpu: string('Cores.'),
      cpumodel: string('A kind of processor.'),
      memory: string('Memory, such as `16Gi`.'),
      disk: string('Disk, such as `100Gi`.'),
    })
    .optional()
    .describe(about);

const originSchema = z
  .object({
    name: text().describe('The name of the main package.'),
    version: text().describe('The upstream version, without a revision.'),
    epoch: integer()
      .min(0, 'must not be negative')
      .default(0)
      .describe('The packaging revision: the number after `-r`.'),
    ...facts,
    'target-architecture': list('The architectures it is for; all by default.'),
    copyright,
    cpe,
    timeout: duration().optional().describe('Limit on the whole build, such as `1h30m`.'),
    resources: resources('What a build should be given.'),
    'test-resources': resources('What a test should be given.'),
  })
  .describe('Identity and metadata of the main package.');

const subpackageSchema = z.object({
  if: string('A condition; without it the subpackage is always made.'),
  range: string('A table of `data`: the subpackage is made once for each of its items.'),
  name: text().describe('The name of the subpackage.'),
  ...facts,
  pipeline: steps('The steps that fill the subpackage.'),
  test: testSchema,
});

const tagFilter = {
  'strip-prefix': string('Removed from the front of a tag.'),
  'strip-suffix': string('Removed from the end of a tag.'),
  'tag-filter-prefix': string('Only tags that begin with it.'),
  'tag-filter-contains': string('Only tags that contain it.'),
};

const updateSchema = z
  .object({
    enabled: flag('Whether updates may be proposed automatically.'),
    manual: flag('Report only: a person prepares the change.'),
    'require-sequential': flag('Keep successive updates in order.'),
    shared: flag('Dependants are rebuilt after this update.'),
    'version-separator': string('Characters of upstream versions to be turned into dots.'),
    'ignore-regex-patterns': list('Upstream versions to be ignored.'),
    'release-monitor': z
      .object({
        identifier: integer().default(0).describe('The number of the project.'),
        'strip-prefix': string('Removed from the front of a version.'),
        'strip-suffix': string('Removed from the end of a version.'),
        'version-filter-contains': string('Only versions that contain it.'),
        'version-filter-prefix': string('Only versions that begin with it.'),
      })
      .optional()
      .describe('Versions from release-monitoring.org.'),
    github: z
      .object({
        identifier: string('`owner/repository`.'),
        'tag-filter': string('The old name of tag-filter-prefix.'),
        'use-tag': flag('Tags instead of releases.'),
        ...tagFilter,
      })
      .optional()
      .describe('Releases or tags of a GitHub repository.'),
    git: z
      .object(tagFilter)
      .optional()
      .describe('Tags of the repository of the first git-checkout.'),
    oci: z
      .object({ identifier: string('The image repository.'), ...tagFilter })
      .optional()
      .describe('Tags of an image repository.'),
    version_data: z
      .object({
        version_format: string('How the version is composed.'),
        sources: z
          .array(
            z.object({
              name: string('The feed.'),
              stream: string('Its stream.'),
              ignore: list('Versions to be ignored.'),
              commit_source: string('Where the commit comes from.'),
              use_release: flag('Releases only.'),
            }),
          )
          .optional()
          .describe('The feeds.'),
      })
      .optional()
      .describe('A version composed from several feeds.'),
    'version-transform': z
      .array(
        z.object({
          match: string('A regular expression (RE2).'),
          replace: string('Its replacement, in the notation of Go.'),
        }),
      )
      .default([])
      .describe('Rewrites upstream versions, in order.'),
    'exclude-reason': string('Why `enabled` is false.'),
    schedule: z
      .object({ reason: string('Why.'), period: string('`daily`, `weekly` or `monthly`.') })
      .optional()
      .describe('Look for updates less often.'),
    'enable-prerelease-tags': flag('Keep versions that look like previews.'),
  })
  .prefault({})
  .describe('How upstream versions are found.');

const buildOption = z.object({
  vars: z.record(z.string(), text()).optional().describe('Replace vars of the recipe.'),
  environment: z
    .object({
      contents: z
        .object({
          packages: z
            .object({
              add: z.array(text()).optional().describe('Packages that are added.'),
              remove: z.array(text()).optional().describe('Packages that are removed.'),
            })
            .prefault({}),
        })
        .prefault({}),
    })
    .prefault({})
    .describe('Changes of the build environment.'),
});

const kilnSchema = z
  .object({
    hardening: z
      .object({
        exceptions: z
          .array(
            z.object({
              path: text().min(1, 'must not be empty').describe('A glob of files.'),
              check: z
                .enum([
                  'pie',
                  'relro',
                  'bind-now',
                  'stack-protector',
                  'fortify',
                  'executable-stack',
                ])
                .describe('The check that they may fail.'),
              reason: text().min(1, 'must say why').describe('Why.'),
            }),
          )
          .default([])
          .describe('The excuses.'),
      })
      .prefault({})
      .describe('Files excused from hardening checks.'),
    acknowledge: z
      .array(
        z.object({
          finding: text().min(1, 'must not be empty').describe('The finding, as it was printed.'),
          reason: text().min(1, 'must say why').describe('Why the change is meant.'),
        }),
      )
      .default([])
      .describe('Changes against the published version that are meant.'),
    network: z
      .object({ reason: text().min(1, 'must say why').describe('Why.') })
      .optional()
      .describe('The build steps need the network: what they fetch is recorded.'),
  })
  .optional()
  .describe('Kiln’s own additions to the language.');

/** A whole recipe as YAML has it: packages.md section 2, and the key `kiln`. */
export const recipeSchema: z.ZodType<RawRecipe> = z.object({
  package: originSchema,
  environment: environment('The build environment: an apko image configuration.'),
  capabilities: z
    .object({
      add: list('Linux capabilities the steps get.'),
      drop: list('Linux capabilities the steps lose.'),
    })
    .prefault({})
    .describe('Linux capabilities of the steps.'),
  pipeline: steps('The steps that build the main package.'),
  subpackages: z
    .array(subpackageSchema)
    .default([])
    .describe('Further packages made by the same build.'),
  data: z
    .array(z.object({ name: string('The name of the table.'), items: strings('Its items.') }))
    .default([])
    .describe('Tables for `range`.'),
  update: updateSchema,
  vars: z.record(z.string(), text()).optional().describe('Constants, used as ${{vars.NAME}}.'),
  'var-transforms': z
    .array(
      z.object({
        from: string('The text to start from, usually a variable.'),
        match: string('A regular expression (RE2).'),
        replace: string('Its replacement, in the notation of Go.'),
        to: string('The name of the new var.'),
      }),
    )
    .default([])
    .describe('Vars derived from others.'),
  options: z
    .record(z.string(), buildOption)
    .default({})
    .describe('Variants of the build, chosen with --build-option.'),
  test: testSchema,
  kiln: kilnSchema,
}) as unknown as z.ZodType<RawRecipe>;

/** A reusable pipeline: the shape of a step. */
export const pipelineSchema: z.ZodType<RawStep> = stepSchema;
