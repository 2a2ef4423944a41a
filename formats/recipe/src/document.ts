import { compareBytes, sortUnique } from '@kiln/base';
import { goNameOf } from './architecture.ts';
import type { CompiledRecipe, CompiledStep, CompiledSubpackage, CompiledTest } from './compiled.ts';
import type {
  Copyright,
  Dependencies,
  HardeningException,
  OriginFacts,
  PackageFacts,
  PackageOptions,
  Scriptlets,
} from './recipe.ts';

/** A member whose value is empty (undefined, "", false, an empty list or object) is left out of the document. */
type Document = { readonly [key: string]: unknown };

export interface CompiledDocumentOptions {
  readonly compiled: CompiledRecipe;
  /** The environment as resolved: `name=version` atoms. */
  readonly lockedPackages: readonly string[];
}

/**
 * The compiled recipe with its locked environment as one plain value, keys in the reference language's order: what
 * `.melange.yaml` holds in each package of the build. It states every variable of the build.
 */
export function compiledDocument({ compiled, lockedPackages }: CompiledDocumentOptions): Document {
  return {
    ...kept({
      package: {
        ...originDocument(compiled.package),
        resources: sorted(compiled.package.resources),
      },
    }),
    environment: {
      contents: { packages: sortUnique(lockedPackages) },
      accounts: buildAccounts,
      archs: [goNameOf(compiled.arch)],
      environment: sorted(compiled.environment.variables),
    },
    ...kept({
      pipeline: compiled.pipeline.map(stepDocument),
      subpackages: compiled.subpackages.filter(({ applies }) => applies).map(subpackageDocument),
      update: compiled.recipe.update,
      vars: sorted(compiled.recipe.vars),
      test: testDocument(compiled.test),
      kiln: kept({
        hardening: kept({ exceptions: compiled.hardeningExceptions.map(exceptionDocument) }),
      }),
    }),
  };
}

const buildAccounts = {
  'run-as': '',
  users: [{ username: 'build', uid: 1000, gid: 1000, shell: '', homedir: '/home/build' }],
  groups: [{ groupname: 'build', gid: 1000, members: ['build'] }],
};

function originDocument(facts: OriginFacts): Document {
  return {
    name: facts.name,
    version: facts.version,
    epoch: facts.epoch,
    ...kept({
      description: facts.description,
      annotations: sorted(facts.annotations),
      url: facts.url,
      commit: facts.commit,
      'target-architecture': facts.targetArchitectures,
      copyright: facts.copyright.map(copyrightDocument),
      ...relationsDocument(facts),
      cpe: facts.cpe,
      timeout: facts.timeoutMs === undefined ? '' : printDuration(facts.timeoutMs),
      'test-resources': sorted(facts.testResources),
    }),
  };
}

function relationsDocument(facts: PackageFacts): Document {
  return {
    dependencies: dependenciesDocument(facts.dependencies),
    options: optionsDocument(facts.options),
    scriptlets: scriptletsDocument(facts.scriptlets),
    checks: kept({ disabled: facts.checksDisabled }),
  };
}

function subpackageDocument(subpackage: CompiledSubpackage): Document {
  const { checks, ...relations } = relationsDocument(subpackage);
  return kept({
    if: subpackage.if,
    name: subpackage.name,
    pipeline: subpackage.pipeline.map(stepDocument),
    ...relations,
    description: subpackage.description,
    annotations: sorted(subpackage.annotations),
    url: subpackage.url,
    commit: subpackage.commit,
    checks,
    test: testDocument(subpackage.test),
  });
}

function stepDocument(step: CompiledStep): Document {
  return kept({
    if: step.if,
    name: step.name,
    uses: step.uses,
    with: sorted(step.with),
    runs: step.runs,
    pipeline: step.pipeline.map(stepDocument),
    needs: step.applies ? {} : kept({ packages: step.needs }),
    label: step.label,
    assertions: step.requiredSteps === undefined ? {} : { 'required-steps': step.requiredSteps },
    'working-directory': step.workingDirectory,
    environment: sorted(step.environment),
  });
}

function testDocument(test: CompiledTest | undefined): Document {
  if (test === undefined) return {};
  return kept({
    environment: kept({
      contents: kept({ packages: test.environment.packages }),
      environment: sorted(test.environment.variables),
    }),
    pipeline: test.pipeline.map(stepDocument),
  });
}

function copyrightDocument(entry: Copyright): Document {
  return kept({
    paths: entry.paths,
    attestation: entry.attestation,
    license: entry.license,
    'license-path': entry.licensePath,
    'detection-override': entry.detectionOverride,
  });
}

function dependenciesDocument(dependencies: Dependencies): Document {
  return kept({
    runtime: dependencies.runtime,
    provides: dependencies.provides,
    replaces: dependencies.replaces,
    'provider-priority': dependencies.providerPriority?.toString(),
    'replaces-priority': dependencies.replacesPriority?.toString(),
  });
}

function optionsDocument(options: PackageOptions): Document {
  return kept({
    'no-provides': options.noProvides,
    'no-depends': options.noDepends,
    'no-commands': options.noCommands,
    'no-versioned-shlib-deps': options.noVersionedShlibDeps,
  });
}

function scriptletsDocument({ scripts, trigger }: Scriptlets): Document {
  return kept({ trigger: trigger === undefined ? {} : kept({ ...trigger }), ...scripts });
}

function exceptionDocument({ path, check, reason }: HardeningException): Document {
  return { path, check, reason };
}

function kept(document: Document): Document {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function sorted(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => compareBytes(a, b)));
}

/** Go's notation: `1h30m0s`, `45m0s`, `1.5s`. */
function printDuration(milliseconds: number): string {
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000);
  const seconds = (milliseconds % 60_000) / 1000;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}
