import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readIndex } from '@kiln/apk';
import type { IndexRecord, PackedIndex } from '@kiln/apk';
import { prepareIndexes, solve } from '@kiln/solve';

/** A repository on disk: `FOLDER/x86_64/APKINDEX.tar.gz` and the packages, and the key that it is signed by. */
export interface RepositoryFolder {
  readonly folder: string;
  readonly keyFile: string;
}

/** The packages of a world, in install order; none where it has no solution. */
export type Closure = (world: readonly string[]) => readonly IndexRecord[];

export async function recordsOf({ folder, keyFile }: RepositoryFolder): Promise<PackedIndex> {
  const keys = new Map([[path.basename(keyFile), readFileSync(keyFile, 'utf8')]]);
  const file = path.join(folder, 'x86_64', 'APKINDEX.tar.gz');
  return (await readIndex(readFileSync(file), { keys })).records;
}

export function closureOf(records: PackedIndex): Closure {
  const prepared = prepareIndexes([{ repository: 'r', tag: '', records }], 'kiln');
  return (world) => {
    const answer = solve(prepared, world.toSorted());
    return answer.kind === 'solved' ? answer.packages.map(({ record }) => record) : [];
  };
}

/** A world grown by one name after another up to a number of packages. */
export function largestWorld(
  names: readonly string[],
  closure: Closure,
  size: number,
): readonly IndexRecord[] {
  let world: string[] = [];
  for (const name of names) {
    const grown = closure([...world, name]);
    if (grown.length === 0 || grown.length > size) continue;
    world = [...world, name];
    if (grown.length === size) return grown;
  }
  throw new Error(`the repository has no ${size} packages that go together`);
}
