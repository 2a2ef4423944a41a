import { KilnError } from '@kiln/base';
import { cpeOf, licenseExpression } from '@kiln/build';
import { goMap, goNamedInteger, goSlice, goStruct, type GoValue } from '@kiln/go-template';
import type {
  BuildOption,
  OriginFacts,
  PackageFacts,
  Recipe,
  Step,
  Subpackage,
  TestBlock,
} from '@kiln/recipe';
import { fullVersionOf } from '@kiln/recipe';
import { imageView, pointerTo, strings } from './image-view.ts';
import { updateView } from './update-view.ts';

/**
 * A recipe under the names that melange's `Configuration` has for its fields, in their order, as `melange query` hands it to
 * a template: parsed, variables replaced and ranges expanded, not compiled.
 */
export function recipeView(recipe: Recipe): GoValue {
  const { capabilities } = recipe;
  return goStruct(
    {
      Package: originView(recipe),
      Environment: imageView(recipe.environment),
      Capabilities: goStruct({ Add: goSlice(capabilities.add), Drop: goSlice(capabilities.drop) }),
      Pipeline: stepsView(recipe.pipeline),
      Subpackages: goSlice(recipe.subpackages.map((one) => subpackageView(one, recipe.dialect))),
      // The tables have become subpackages.
      Data: goSlice([]),
      Update: updateView(recipe.update),
      Vars: strings(recipe.vars),
      VarTransforms: goSlice(
        recipe.varTransforms.map(({ from, match, replace, to }) =>
          goStruct({ From: from, Match: match, Replace: replace, To: to }),
        ),
      ),
      Options: goMap(
        Object.entries(recipe.options).map(([name, option]) => [name, optionView(option)] as const),
        optionView({ vars: undefined, add: undefined, remove: undefined }),
      ),
      Test: testView(recipe.test),
    },
    {
      Name: () => recipe.package.name,
      AllPackageNames: () =>
        goSlice([recipe.package.name, ...recipe.subpackages.map(({ name }) => name)]),
    },
  );
}

function originView({ package: facts, dialect }: Recipe): GoValue {
  const shared = factsView(facts);
  return goStruct(
    {
      Name: facts.name,
      Version: facts.version,
      Epoch: facts.epoch,
      Description: facts.description,
      Annotations: strings(facts.annotations),
      URL: facts.url,
      Commit: facts.commit,
      TargetArchitecture: goSlice(facts.targetArchitectures),
      Copyright: copyrightView(facts.copyright),
      ...shared,
      CPE: cpeView(facts.cpe),
      SetCap: capabilitiesView(facts.capabilities),
      Timeout: durationView(facts.timeoutMs ?? 0),
      Resources: resourcesView(facts.resources),
      TestResources: resourcesView(facts.testResources),
    },
    {
      FullVersion: () => fullVersionOf(facts),
      FullCopyright: () => noticesOf(facts),
      LicenseExpression: () => licenseExpression(facts.copyright, dialect),
      CPEString: () => cpeString(facts),
    },
  );
}

/** Throws `TEMPLATE_FAILED` without vendor and product. */
function cpeString(facts: OriginFacts): string {
  const cpe = cpeOf(facts);
  if (cpe !== '') return cpe;
  throw new KilnError('TEMPLATE_FAILED', 'CPEString: cpe has neither vendor nor product');
}

function noticesOf({ copyright }: OriginFacts): string {
  const notices = copyright.map(({ attestation }) => attestation).filter((one) => one !== '');
  return notices.map((one) => `${one}\n`).join('') || 'NOASSERTION';
}

/** `Dependencies`, `Options`, `Scriptlets` and `Checks`, which stand together in both kinds of package. */
function factsView(
  facts: PackageFacts,
): Readonly<Record<'Dependencies' | 'Options' | 'Scriptlets' | 'Checks', GoValue>> {
  const { dependencies, options, written } = facts;
  return {
    Dependencies: goStruct({
      Runtime: goSlice(dependencies.runtime),
      Provides: goSlice(dependencies.provides),
      Replaces: goSlice(dependencies.replaces),
      ProviderPriority: dependencies.providerPriority ?? '',
      ReplacesPriority: dependencies.replacesPriority ?? '',
      Vendored: goSlice([]),
    }),
    Options: pointerTo(written.options ? options : undefined, (one) => ({
      NoProvides: one.noProvides,
      NoDepends: one.noDepends,
      NoCommands: one.noCommands,
      NoVersionedShlibDeps: one.noVersionedShlibDeps,
    })),
    Scriptlets: pointerTo(written.scriptlets ? facts.scriptlets : undefined, scriptletFields),
    Checks: goStruct({ Disabled: goSlice(facts.checksDisabled) }),
  };
}

function scriptletFields({
  scripts,
  trigger,
}: PackageFacts['scriptlets']): Readonly<Record<string, GoValue>> {
  return {
    Trigger: goStruct({ Script: trigger?.script ?? '', Paths: goSlice(trigger?.paths ?? []) }),
    PreInstall: scripts['pre-install'] ?? '',
    PostInstall: scripts['post-install'] ?? '',
    PreDeinstall: scripts['pre-deinstall'] ?? '',
    PostDeinstall: scripts['post-deinstall'] ?? '',
    PreUpgrade: scripts['pre-upgrade'] ?? '',
    PostUpgrade: scripts['post-upgrade'] ?? '',
  };
}

function copyrightView(entries: OriginFacts['copyright']): GoValue {
  return goSlice(
    entries.map((entry) =>
      goStruct({
        Paths: goSlice(entry.paths),
        Attestation: entry.attestation,
        License: entry.license,
        LicensePath: entry.licensePath,
        DetectionOverride: entry.detectionOverride,
      }),
    ),
  );
}

function cpeView(cpe: OriginFacts['cpe']): GoValue {
  return goStruct({
    Part: cpe['part'] ?? '',
    Vendor: cpe['vendor'] ?? '',
    Product: cpe['product'] ?? '',
    Edition: cpe['edition'] ?? '',
    Language: cpe['language'] ?? '',
    SWEdition: cpe['sw_edition'] ?? '',
    TargetSW: cpe['target_sw'] ?? '',
    TargetHW: cpe['target_hw'] ?? '',
    Other: cpe['other'] ?? '',
  });
}

function capabilitiesView(capabilities: PackageFacts['capabilities']): GoValue {
  return goSlice(
    capabilities.map(({ path, add, reason }) =>
      goStruct({ Path: path, Add: strings(add), Reason: reason }),
    ),
  );
}

function resourcesView(resources: OriginFacts['testResources']): GoValue {
  return pointerTo(resources, (one) => ({
    CPU: one['cpu'] ?? '',
    CPUModel: one['cpumodel'] ?? '',
    Memory: one['memory'] ?? '',
    Disk: one['disk'] ?? '',
  }));
}

/** Go's `time.Duration`: nanoseconds that print as `1h30m0s`, `1.5s`, `250ms`. */
function durationView(milliseconds: number): GoValue {
  const nanoseconds = BigInt(Math.round(milliseconds * 1e6));
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000);
  const seconds = `${(milliseconds % 60_000) / 1000}s`;
  const text =
    hours > 0 ? `${hours}h${minutes}m${seconds}` : minutes > 0 ? `${minutes}m${seconds}` : seconds;
  const short = milliseconds > 0 && milliseconds < 1000;
  return goNamedInteger(nanoseconds, short ? `${milliseconds}ms` : text);
}

function stepsView(steps: readonly Step[]): GoValue {
  return goSlice(steps.map(stepView));
}

function stepView(step: Step): GoValue {
  const inputs = Object.entries(step.inputs).map(
    ([name, input]) => [name, inputView(input)] as const,
  );
  return goStruct({
    If: step.if,
    Name: step.name,
    Uses: step.uses,
    With: strings(step.with),
    Runs: step.runs,
    Pipeline: stepsView(step.pipeline),
    Inputs: goMap(inputs, inputView({ description: '', default: '', required: false })),
    Needs: pointerTo(step.needs, (packages) => ({ Packages: goSlice(packages) })),
    Label: step.label,
    Assertions: pointerTo(step.requiredSteps, (count) => ({ RequiredSteps: count })),
    WorkDir: step.workingDirectory,
    Environment: strings(step.environment),
  });
}

function inputView(input: Step['inputs'][string]): GoValue {
  return goStruct({
    Description: input.description,
    Default: input.default,
    Required: input.required,
  });
}

function subpackageView(subpackage: Subpackage, dialect: Recipe['dialect']): GoValue {
  const shared = factsView(subpackage);
  return goStruct({
    If: subpackage.if,
    // Each item of a range is a subpackage of its own.
    Range: '',
    Name: subpackage.name,
    Pipeline: stepsView(subpackage.pipeline),
    Dependencies: shared.Dependencies,
    Options: shared.Options,
    Scriptlets: shared.Scriptlets,
    Description: subpackage.description,
    Annotations: strings(subpackage.annotations),
    URL: subpackage.url,
    Commit: subpackage.commit,
    Checks: shared.Checks,
    Test: testView(subpackage.test),
    // The reference loses these on the way.
    SetCap: dialect === 'melange' ? goSlice([]) : capabilitiesView(subpackage.capabilities),
  });
}

function testView(test: TestBlock | undefined): GoValue {
  return pointerTo(test, ({ environment, pipeline }) => ({
    Environment: imageView(environment),
    Pipeline: stepsView(pipeline),
  }));
}

function optionView({ vars, add, remove }: BuildOption): GoValue {
  const packages = goStruct({ Add: goSlice(add ?? []), Remove: goSlice(remove ?? []) });
  return goStruct({
    Vars: strings(vars ?? {}),
    Environment: goStruct({ Contents: goStruct({ Packages: packages }) }),
  });
}
