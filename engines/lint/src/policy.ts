import { KilnError, shorten } from '@kiln/base';
import type { Dialect } from '@kiln/build';
import { isLinterName, lintersOf, type LinterName } from './catalogue.ts';

/** Which linters run, and what their findings do. */
export interface LintPolicy {
  /** Findings fail the build. */
  readonly required: readonly LinterName[];
  /** Findings are told. */
  readonly warn: readonly LinterName[];
}

/** Sorted bytewise. */
export const defaultPolicy: LintPolicy = {
  required: lintersOf('required'),
  warn: lintersOf('warn'),
};

export interface PolicyRequest {
  /** Replaces the linters that are required. */
  readonly require?: readonly string[] | undefined;
  /** Replaces those that warn. */
  readonly warn?: readonly string[] | undefined;
}

/** A policy as a person asks for it. Throws `LINT_LINTER_UNKNOWN`. */
export function lintPolicy(request: PolicyRequest): LintPolicy {
  return {
    required: request.require === undefined ? defaultPolicy.required : known(request.require),
    warn: request.warn === undefined ? defaultPolicy.warn : known(request.warn),
  };
}

function known(names: readonly string[]): readonly LinterName[] {
  const unknown = names.filter((name) => !isLinterName(name));
  if (unknown.length === 0) return names.filter(isLinterName);
  throw new KilnError(
    'LINT_LINTER_UNKNOWN',
    `unknown linter: ${unknown.map((name) => `"${shorten(name)}"`).join(', ')}`,
    { hint: 'the linters are listed in docs/linters.md' },
  );
}

export interface PackagePolicyRequest {
  readonly policy: LintPolicy;
  /** Per package, in the order of the build: the linters whose findings its recipe wants as warnings. */
  readonly disabled: readonly (readonly string[])[];
  /** Default `kiln`. */
  readonly dialect?: Dialect;
}

/**
 * The policy of each package of a build: what its recipe disables is demoted to a warning. In order: linters that warn
 * run first, what was demoted last among them. Throws `LINT_LINTER_UNKNOWN`.
 *
 * melange runs a demoted linter once more than it stands in the lists, though it was off, and its demotion of a package
 * changes the policy of those behind it: the demoted linter is neither required nor warned of any more, and the first of
 * those that warn are required as well, one for each demoted.
 */
export function packagePolicies(request: PackagePolicyRequest): readonly LintPolicy[] {
  const disabled = request.disabled.map(known);
  if (request.dialect === 'melange') return leaking(request.policy, disabled);
  const { required, warn } = request.policy;
  return disabled.map((names) => ({
    required: required.filter((name) => !names.includes(name)),
    warn: [...warn, ...required.filter((name) => names.includes(name) && !warn.includes(name))],
  }));
}

/**
 * The lists share their storage: a demotion moves the names behind it up, and the linters that warn are then written
 * behind the shortened list, over the names that the unshortened one still ends with. Where the storage is too small for
 * that, the places are empty, and the next package has a linter without a name.
 */
function leaking(
  policy: LintPolicy,
  disabled: readonly (readonly LinterName[])[],
): readonly LintPolicy[] {
  const byDefault = policy.required.join() === defaultPolicy.required.join();
  const roomMax = byDefault ? linterCount : policy.required.length;
  let shared: readonly string[] = policy.required;
  return disabled.map((names) => {
    const left = known(shared);
    const required = left.filter((name) => !names.includes(name));
    const warn = [...policy.warn, ...names].filter((name, index, all) => name !== all[index - 1]);
    const fits = required.length + warn.length <= roomMax;
    const places = left.length - required.length;
    const behind = fits ? warn.slice(0, places) : Array<string>(places).fill('');
    shared = [...required, ...behind];
    return { required, warn };
  });
}

/** melange makes the default list with room for all its linters. */
const linterCount = 30;
