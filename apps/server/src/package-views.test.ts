import { digestOf } from '@kiln/base';
import type { BuiltPackage } from '@kiln/factory';
import { MemoryRecords } from '@kiln/factory/testing';
import { expect, test } from 'vitest';
import { packageDetail } from './package-views.ts';

const addresses = {
  version: '1',
  home: '/home',
  console: '',
  registry: 'localhost:1',
  packages: '',
  key: '/key',
};

test('a package that waits for its test is found among many without a query for each', async () => {
  class Counted extends MemoryRecords {
    results = 0;
    override async action(
      ...words: Parameters<MemoryRecords['action']>
    ): ReturnType<MemoryRecords['action']> {
      this.results++;
      return super.action(...words);
    }
  }
  const records = new Counted();
  for (let at = 0; at < 20; at++) {
    const names = { name: `one-${at}`, origin: `one-${at}` };
    const record = { ...names, depends: [], provides: [] } as unknown as BuiltPackage['record'];
    const packages = [{ file: 'one.apk', apk: digestOf(`apk ${at}`), record }];
    await records.finish(`package:one-${at}@x86_64`, { kind: 'package', packages, inputs: [] });
  }
  expect(await packageDetail(records, 'one-19', addresses)).toMatchObject({
    name: 'one-19',
    published: false,
  });
  // Only its own, for what is said of it alone.
  expect(records.results).toBeLessThan(5);
  expect(await packageDetail(records, 'none', addresses)).toBeUndefined();
});
