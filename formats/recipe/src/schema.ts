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

export interface RawStep {
  name: string;
  uses: string;
  with: Strings;
  runs: string;
  pipeline: RawStep[];
  if: string;
  'working-directory': string;
  environment: Strings;
  needs: { packages: string[] };
  inputs: Record<string, { description: string; default: string; required: boolean }>;
  assertions?: { 'required-steps'?: number | undefined } | undefined;
  label: string;
}

export interface RawEnvironment {
  contents: {
    packages: string[];
    repositories?: unknown;
    build_repositories?: unknown;
    runtime_repositories?: unknown;
    keyring?: unknown;
    runtime_keyring?: unknown;
    baseimage?: unknown;
  };
  environment: Strings;
  [unsupported: string]: unknown;
}

export interface RawTest {
  environment: RawEnvironment;
  pipeline: RawStep[];
}

export interface RawFacts {
  name: string;
  description: string;
  url: string;
  commit: string;
  annotations: Strings;
  dependencies: RawDependencies;
  options: Record<
    'no-provides' | 'no-depends' | 'no-commands' | 'no-versioned-shlib-deps',
    boolean
  >;
  scriptlets: Strings & { trigger?: { script: string; paths: string[] } };
  checks: { disabled: string[] };
  setcap?: unknown;
}

export interface RawOrigin extends RawFacts {
  version: string;
  epoch: number;
  copyright: {
    license: string;
    paths: string[];
    attestation: string;
    'license-path': string;
    'detection-override': string;
  }[];
  'target-architecture': string[];
  cpe: Strings;
  timeout?: number | undefined;
  resources: Strings;
  'test-resources': Strings;
}

export interface RawSubpackage extends RawFacts {
  if: string;
  range: string;
  pipeline: RawStep[];
  test?: RawTest | undefined;
}

export interface RawRecipe {
  package: RawOrigin;
  environment: RawEnvironment;
  pipeline: RawStep[];
  subpackages: RawSubpackage[];
  data: { name: string; items: Strings }[];
  vars: Strings;
  update?: unknown;
  test?: RawTest | undefined;
  capabilities?: unknown;
  'var-transforms'?: unknown;
  options?: unknown;
  kiln: { hardening: { exceptions: { path: string; check: string; reason: string }[] } };
}

const string = text().default('');
const list = z.array(text()).default([]);
const strings = z.record(z.string(), text()).default({});
const unsupported = z.unknown().optional();

const stepSchema: z.ZodType<RawStep> = z.object({
  name: string,
  uses: string,
  with: strings,
  runs: string,
  get pipeline(): z.ZodDefault<z.ZodArray<z.ZodType<RawStep>>> {
    return z.array(stepSchema).default([]);
  },
  if: string,
  'working-directory': string,
  environment: strings,
  needs: z.object({ packages: list }).prefault({}),
  inputs: z
    .record(
      z.string(),
      z.object({ description: string, default: string, required: boolean().default(false) }),
    )
    .default({}),
  assertions: z.object({ 'required-steps': integer().min(0).optional() }).optional(),
  label: string,
}) as unknown as z.ZodType<RawStep>;

const environmentSchema = z.object({
  contents: z
    .object({
      packages: list,
      repositories: unsupported,
      build_repositories: unsupported,
      runtime_repositories: unsupported,
      keyring: unsupported,
      runtime_keyring: unsupported,
      baseimage: unsupported,
    })
    .prefault({}),
  environment: strings,
  entrypoint: unsupported,
  cmd: unsupported,
  'stop-signal': unsupported,
  'work-dir': unsupported,
  accounts: unsupported,
  archs: unsupported,
  paths: unsupported,
  'vcs-url': unsupported,
  annotations: unsupported,
  include: unsupported,
  volumes: unsupported,
  layering: unsupported,
  certificates: unsupported,
});

const testSchema = z.object({
  environment: environmentSchema.prefault({}),
  pipeline: z.array(stepSchema).default([]),
});

const oneLine = text()
  .refine((value) => !/[\r\n]/.test(value), 'must be one line')
  .default('');

const name = text().regex(
  /^[a-zA-Z\d][a-zA-Z\d+_.-]*$/,
  'must be letters, digits and "+_.-", starting with a letter or digit',
);

const flag = boolean().default(false);

const facts = {
  description: oneLine,
  url: oneLine,
  commit: oneLine,
  annotations: strings,
  dependencies: z
    .object({
      runtime: list,
      provides: list,
      replaces: list,
      'provider-priority': string,
      'replaces-priority': string,
    })
    .prefault({}),
  options: z
    .object({
      'no-provides': flag,
      'no-depends': flag,
      'no-commands': flag,
      'no-versioned-shlib-deps': flag,
    })
    .prefault({}),
  scriptlets: z
    .object({
      'pre-install': string,
      'post-install': string,
      'pre-upgrade': string,
      'post-upgrade': string,
      'pre-deinstall': string,
      'post-deinstall': string,
      trigger: z.object({ script: string, paths: list }).optional(),
    })
    .prefault({}),
  checks: z.object({ disabled: list }).prefault({}),
  setcap: unsupported,
};

const cpe = z
  .object(
    Object.fromEntries(
      [
        'part',
        'vendor',
        'product',
        'edition',
        'language',
        'sw_edition',
        'target_sw',
        'target_hw',
        'other',
      ].map((key) => [
        key,
        text()
          .regex(/^[a-z\d][a-z\d+_.-]*$/, 'must be lower-case letters, digits and "+_.-"')
          .optional(),
      ]),
    ),
  )
  .refine(
    (value) => (value['vendor'] === undefined) === (value['product'] === undefined),
    'vendor and product go together',
  )
  .refine(
    (value) => ['a', 'o', undefined].includes(value['part'] as string | undefined),
    'part must be "a" or "o"',
  )
  .prefault({});

const resourceKeys = {
  cpu: text().optional(),
  cpumodel: text().optional(),
  memory: text().optional(),
  disk: text().optional(),
};

const originSchema = z.object({
  name,
  version: text().min(1, 'must not be empty'),
  epoch: integer().min(0, 'must not be negative').default(0),
  ...facts,
  'target-architecture': list,
  copyright: z
    .array(
      z.object({
        paths: list,
        attestation: string,
        license: string,
        'license-path': string,
        'detection-override': string,
      }),
    )
    .default([]),
  cpe,
  timeout: duration().optional(),
  resources: z.object(resourceKeys).prefault({}),
  'test-resources': z.object(resourceKeys).prefault({}),
});

const subpackageSchema = z.object({
  name: text().min(1, 'must not be empty'),
  if: string,
  range: string,
  ...facts,
  pipeline: z.array(stepSchema).default([]),
  test: testSchema.optional(),
});

/** The whole recipe as YAML has it: every key of the language, those that are not supported left open. */
export const recipeSchema: z.ZodType<RawRecipe> = z.object({
  package: originSchema,
  environment: environmentSchema.prefault({}),
  capabilities: unsupported,
  pipeline: z.array(stepSchema).default([]),
  subpackages: z.array(subpackageSchema).default([]),
  data: z.array(z.object({ name: text(), items: strings })).default([]),
  vars: strings,
  'var-transforms': unsupported,
  options: unsupported,
  update: z.unknown().optional(),
  test: testSchema.optional(),
  kiln: z
    .object({
      hardening: z
        .object({
          exceptions: z
            .array(
              z.object({
                path: text().min(1, 'must not be empty'),
                check: z.enum([
                  'pie',
                  'relro',
                  'bind-now',
                  'stack-protector',
                  'fortify',
                  'executable-stack',
                ]),
                reason: text().min(1, 'must say why'),
              }),
            )
            .default([]),
        })
        .prefault({}),
    })
    .prefault({}),
}) as unknown as z.ZodType<RawRecipe>;

/** A reusable pipeline: the shape of a step. */
export const pipelineSchema: z.ZodType<RawStep> = stepSchema;
