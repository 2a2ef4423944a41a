import { CYCLONEDX_PREDICATE, SPDX_PREDICATE } from '@kiln/intoto';
import { expect, test } from 'vitest';
import { imageKeyPair, signedImage } from './memory-registry.ts';
import { signedPredicate } from './signed-predicate.ts';
import type { SignedPredicate } from './signed-predicate.ts';

const key = imageKeyPair();
const { registry, manifest } = signedImage(key.privateKey);

const ask = (predicateType: string, imageKeyPem = key.publicPem): Promise<SignedPredicate> =>
  signedPredicate({ source: registry, subject: manifest, predicateType, imageKeyPem });

test('a signed statement gives its predicate', async () => {
  expect(await ask(SPDX_PREDICATE)).toEqual({
    kind: 'signed',
    predicate: { spdxVersion: 'SPDX-2.3', packages: [{ name: 'zlib' }] },
  });
});

test('one by another key does not count, and one that nobody made is absent', async () => {
  expect(await ask(SPDX_PREDICATE, imageKeyPair().publicPem)).toMatchObject({ kind: 'rejected' });
  expect(await ask(CYCLONEDX_PREDICATE)).toEqual({ kind: 'absent' });
});
