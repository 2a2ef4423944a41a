import type { Digest } from '@kiln/base';
import { assert } from '@kiln/base';
import { solve } from '@kiln/solve';
import type { SolvedLock } from './lock-memo.ts';
import type { BuiltPackage } from './records.ts';

/** Solves a world against package files: those of earlier repositories count before others where all else is equal. */
export function solveLock(
  repositories: readonly {
    readonly repository: string;
    readonly packages: readonly Pick<BuiltPackage, 'record' | 'apk'>[];
  }[],
  world: readonly string[],
): SolvedLock {
  const files = new Map<string, Digest>();
  for (const { packages } of repositories)
    for (const { record, apk } of packages) files.set(record.checksum, apk);
  const solution = solve(
    repositories.map(({ repository, packages }) => ({
      repository,
      tag: '',
      records: packages.map((one) => one.record),
    })),
    world,
  );
  if (solution.kind === 'unsolved') return { kind: 'unsolved', chain: solution.chain };
  return {
    kind: 'locked',
    packages: solution.packages.map(({ record, repository }) => {
      const apk = files.get(record.checksum);
      assert(apk !== undefined, `${record.name} was chosen, so it is a candidate`);
      return { record, apk, repository };
    }),
  };
}
