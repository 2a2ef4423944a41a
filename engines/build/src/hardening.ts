import { inspectHardening } from '@kiln/elf';
import type { HardeningException } from '@kiln/recipe';
import type { HardeningViolation } from './outcome.ts';
import type { AnalysedTree } from './analysis/subject.ts';

export interface HardeningReport {
  readonly violations: readonly HardeningViolation[];
  /** Exceptions that excused nothing. */
  readonly unused: readonly HardeningException[];
}

/** What each program and library of the packages lacks, and which of it the recipe excuses. */
export function checkHardening(
  trees: readonly AnalysedTree[],
  exceptions: readonly HardeningException[],
): HardeningReport {
  const matchers = exceptions.map((exception) => ({
    exception,
    pattern: globPattern(exception.path),
  }));
  const used = new Set<HardeningException>();
  const violations: HardeningViolation[] = [];
  for (const { tree, elves } of trees) {
    for (const [path, elf] of elves.byPath) {
      for (const { check, verdict, detail } of inspectHardening(elf)) {
        if (verdict !== 'failed') continue;
        const excuse = matchers.find(
          ({ exception, pattern }) => exception.check === check && pattern.test(path),
        );
        if (excuse !== undefined) used.add(excuse.exception);
        violations.push({
          packageName: tree.packageName,
          path,
          check,
          detail,
          excuse: excuse?.exception.reason,
        });
      }
    }
  }
  return { violations, unused: exceptions.filter((exception) => !used.has(exception)) };
}

/** `*` and `?` within a component, `**` across components; a leading slash does not matter. */
export function globPattern(glob: string): RegExp {
  const source = glob.replace(/^\/+/, '').replace(/\*\*\/?|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : `\\${part}`;
  });
  return new RegExp(`^${source}$`, 'u');
}
