import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readIndex } from '@kiln/apk';
import { compareBytes } from '@kiln/base';
import { expect, test } from 'vitest';
import { prepareIndexes, solve } from './index.ts';

/** An index of real size, and what apko answers: `data/solver-scale` of those who work on Kiln. */
const set = fileURLToPath(new URL('../../../../shared/data/solver-scale/', import.meta.url));
const skipped = !existsSync(set);
if (skipped) process.stderr.write('skipped: no repository of real size for the solver\n');

interface World {
  readonly id: number;
  readonly world: readonly string[];
  readonly solved?: readonly string[];
}

test.skipIf(skipped)('worlds of a repository of 26,874 packages have apko’s answers', async () => {
  const keys = new Map([
    ['parity.rsa.pub', readFileSync(join(set, 'repo/parity.rsa.pub'), 'utf8')],
  ]);
  const bytes = readFileSync(join(set, 'repo/x86_64/APKINDEX.tar.gz'));
  const { records } = await readIndex(bytes, { keys, sha1: 'accept' });
  expect(records).toHaveLength(26_874);
  const prepared = prepareIndexes([{ repository: 'repo', tag: '', records }], 'apko');
  const worlds = readFileSync(join(set, 'worlds.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as World);
  expect(worlds).toHaveLength(800);
  for (const { id, world, solved } of worlds) {
    const answer = solve(prepared, world.toSorted(compareBytes));
    const found =
      answer.kind === 'solved'
        ? answer.packages.map(({ record }) => `${record.name}=${record.version}`)
        : undefined;
    expect({ id, solved: found }).toEqual({ id, solved });
  }
});
