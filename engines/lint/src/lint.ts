import type { AnalysedTree, Dialect } from '@kiln/build';
import { catalogue, type LinterName } from './catalogue.ts';
import { duplicate } from './duplicate-linter.ts';
import { binaryarch, strip } from './elf-linters.ts';
import type { Finding, LintFacts, Linter } from './finding.ts';
import { pathLinters } from './path-linters.ts';
import { setuidgid, worldwrite } from './permission-linters.ts';
import { nonlinux, unsupportedarch } from './platform-linters.ts';
import { pythonDocs, pythonMultiple, pythonTest } from './python-linters.ts';
import { empty, usrmerge } from './structure-linters.ts';

export interface LintRequest extends AnalysedTree {
  readonly facts: LintFacts;
  /** In the order they run; one that stands twice runs twice. */
  readonly linters: readonly LinterName[];
  /** Default `kiln`. */
  readonly dialect?: Dialect;
}

/** Every finding of the linters on a package, in their order: at most one of each. */
export async function lintTree(request: LintRequest): Promise<readonly Finding[]> {
  const { tree, elves, facts, dialect = 'kiln' } = request;
  const findings: Finding[] = [];
  for (const linter of request.linters) {
    const complaint = await linterNamed(linter)({ tree, elves, facts, dialect });
    if (complaint !== undefined)
      findings.push({ linter, explain: catalogue[linter].explain, ...complaint });
  }
  return findings;
}

const contentLinters: Readonly<Partial<Record<LinterName, Linter>>> = {
  binaryarch,
  duplicate,
  empty,
  nonlinux,
  'python/docs': pythonDocs,
  'python/multiple': pythonMultiple,
  'python/test': pythonTest,
  setuidgid,
  strip,
  unsupportedarch,
  usrmerge,
  worldwrite,
};

function linterNamed(name: LinterName): Linter {
  const linter = contentLinters[name] ?? pathLinters.get(name);
  if (linter === undefined) throw new Error(`assertion failed: no linter "${name}"`);
  return linter;
}
