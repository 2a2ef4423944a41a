import type { WorkspaceFiles } from '@kiln/build';
import type { Copyright } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { readLicenceTexts } from './licence-texts.ts';

const files: WorkspaceFiles = {
  list: async () => [],
  read: async (path) => (path === 'COPYING' ? Buffer.from('text') : undefined),
};

const naming = (licensePath: string): readonly Copyright[] => [
  { license: 'Foo', licensePath, paths: [], attestation: '', detectionOverride: '' },
];

test.each(['COPYING', './COPYING', 'COPYING/', 'COPYING/.', 'nowhere/../COPYING'])(
  'a text is read by the path %j',
  async (path) => {
    const texts = await readLicenceTexts(files, { copyright: naming(path), scan: 'shallow' });
    expect(texts).toEqual([{ path, text: 'text' }]);
  },
);

test('a text that is not there is refused', async () => {
  await expect(
    readLicenceTexts(files, { copyright: naming('nowhere'), scan: 'shallow' }),
  ).rejects.toThrow('"nowhere" is not a readable file');
});
