import { KilnError, shorten, withoutUserInfo } from '@kiln/base';
import type {
  ArchiveSource,
  CherryPick,
  CompiledRecipe,
  CompiledStep,
  CompiledSubpackage,
  GitCheckout,
  GitSource,
  SourcePlace,
  SourceReference,
} from './compiled.ts';

/**
 * What `fetch` steps name with a digest and `git-checkout` steps with a commit, of steps and subpackages that apply.
 * Repositories that are made by earlier steps (relative paths, and those in the workspace) come from nowhere else.
 */
export function sourcesOf(
  pipeline: readonly CompiledStep[],
  subpackages: readonly CompiledSubpackage[],
): readonly SourceReference[] {
  return [
    ...sourcesOfSteps(pipeline, undefined),
    ...subpackages
      .filter(({ applies }) => applies)
      .flatMap(({ name, pipeline: steps }) => sourcesOfSteps(steps, name)),
  ];
}

/** The same of one pipeline. */
export function sourcesOfSteps(
  steps: readonly CompiledStep[],
  subpackage: string | undefined,
): readonly SourceReference[] {
  const walk = (
    step: CompiledStep,
    stepIndex: number,
    topLevel: boolean,
  ): readonly SourceReference[] => {
    if (!step.applies) return [];
    const own = sourceOf(step, { stepIndex, topLevel, subpackage, position: step.position });
    return [...own, ...step.pipeline.flatMap((nested) => walk(nested, stepIndex, false))];
  };
  return steps.flatMap((step, index) => walk(step, index, true));
}

function sourceOf(step: CompiledStep, place: SourcePlace): readonly SourceReference[] {
  if (!isPinned(step)) return [];
  if (step.uses === 'fetch') return [fetchOf(step, place)];
  if (step.uses === 'git-checkout' && comesFromOutside(step)) return [gitOf(step, place)];
  return [];
}

function isPinned({ uses, with: inputs }: CompiledStep): boolean {
  if (uses === 'git-checkout') return (inputs['expected-commit'] ?? '') !== '';
  return inputs['expected-sha256'] !== undefined || inputs['expected-sha512'] !== undefined;
}

function comesFromOutside({ with: inputs }: CompiledStep): boolean {
  const repository = inputs['repository'] ?? '';
  if (/^(file:\/\/)?\/home\/build(\/|$)/.test(repository)) return false;
  return repository.startsWith('/') || repository.includes(':');
}

/**
 * Throws `RECIPE_FETCH_UNPINNED` for a `fetch` without a digest and a `git-checkout` without a commit: a build only sees
 * bytes that the recipe names.
 */
export function requirePinnedSources(compiled: CompiledRecipe): void {
  const walk = (step: CompiledStep): void => {
    if (!step.applies) return;
    if (!isPinned(step)) refuseUnpinned(step);
    step.pipeline.forEach(walk);
  };
  compiled.pipeline.forEach(walk);
  for (const { applies, pipeline } of compiled.subpackages) if (applies) pipeline.forEach(walk);
}

function refuseUnpinned(step: CompiledStep): void {
  if (step.uses === 'fetch') {
    const uri = shorten(step.with['uri'] ?? '');
    throw new KilnError('RECIPE_FETCH_UNPINNED', `fetch of "${uri}" names no digest`, {
      position: step.position,
      hint: 'add expected-sha256 or expected-sha512; expected-none is not accepted',
    });
  }
  if (step.uses === 'git-checkout' && comesFromOutside(step)) {
    const repository = shorten(withoutUserInfo(step.with['repository'] ?? ''));
    throw new KilnError('RECIPE_FETCH_UNPINNED', `checkout of "${repository}" names no commit`, {
      position: step.position,
      hint: 'add expected-commit; a branch or a tag may move',
    });
  }
}

function fetchOf(step: CompiledStep, place: SourcePlace): ArchiveSource {
  const sha256 = step.with['expected-sha256'];
  const sha512 = step.with['expected-sha512'];
  const hex = sha256 ?? sha512 ?? '';
  return {
    kind: 'archive',
    uri: step.with['uri'] ?? '',
    digest: { algorithm: sha256 === undefined ? 'sha512' : 'sha256', hex: hex.toLowerCase() },
    purlName: step.with['purl-name'] ?? '',
    purlVersion: step.with['purl-version'] ?? '',
    ...place,
  };
}

function gitOf({ with: inputs }: CompiledStep, place: SourcePlace): GitSource {
  return { kind: 'git', ...gitCheckoutOf(inputs), ...place };
}

/** The checkout that the inputs of a `git-checkout` step ask for; a commit that is not given is empty. */
export function gitCheckoutOf(inputs: Readonly<Record<string, string>>): GitCheckout {
  const repository = inputs['repository'] ?? '';
  const branch = inputs['branch'] || undefined;
  const mustBeTip = inputs['expected-commit-is-branch-tip'] === 'true';
  return {
    repository: repository.startsWith('/') ? `file://${repository}` : repository,
    branch,
    tag: inputs['tag'] || undefined,
    commit: (inputs['expected-commit'] ?? '').toLowerCase(),
    mustBeTip,
    depth: depthOf(inputs['depth'] ?? 'unset', branch === undefined || mustBeTip),
    submodules: inputs['recurse-submodules'] === 'true',
    cherryPicks: cherryPicksOf(inputs['cherry-picks'] ?? ''),
  };
}

/** What the step makes of its input; what it would refuse is 1 here. */
function depthOf(text: string, shallow: boolean): number | undefined {
  if (text === '-1' || (text === 'unset' && !shallow)) return undefined;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 1;
}

/** Lines `[branch/]commit: comment`, without what follows "#"; lines of another shape fail in the step. */
function cherryPicksOf(text: string): readonly CherryPick[] {
  return text.split('\n').flatMap((line): readonly CherryPick[] => {
    const found = /^\s*(?:([^:#]+)\/)?([^:#/]+):/.exec(line);
    return found?.[2] === undefined ? [] : [{ branch: found[1], commit: found[2].trim() }];
  });
}

/** A source by name, address and digest, as statements about a build list it. Addresses are without credentials. */
export interface SourceDescriptor {
  readonly name: string;
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

export function sourceDescriptor(source: SourceReference): SourceDescriptor {
  if (source.kind === 'archive') {
    const { algorithm, hex } = source.digest;
    return { name: source.purlName, uri: source.uri, digest: { [algorithm]: hex } };
  }
  const repository = withoutUserInfo(source.repository);
  return {
    name: repository.replace(/^.*\//, '').replace(/\.git$/, ''),
    uri: `git+${repository}@${source.commit}`,
    digest: { gitCommit: source.commit },
  };
}
