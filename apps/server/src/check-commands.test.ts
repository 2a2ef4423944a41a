import { expect, test } from 'vitest';
import { imageCheckCommand, packageCheckCommand } from './check-commands.ts';

const key = '/my home/public/image.pub';

test('a home whose path has a space is one word of the command that checks an image', () => {
  expect(imageCheckCommand({ key, reference: 'localhost:7420/nginx:latest' })).toBe(
    `cosign verify --key '${key}' --insecure-ignore-tlog --allow-http-registry localhost:7420/nginx:latest`,
  );
});

test('and of the one that checks a package', () => {
  const [file, bundle] = ['zlib-1.3.1-r0.apk', 'zlib-1.3.1-r0.apk.provenance.json'];
  expect(packageCheckCommand({ key, file, bundle })).toBe(
    `cosign verify-blob-attestation --key '${key}' --insecure-ignore-tlog --type slsaprovenance1 --bundle ${bundle} ${file}`,
  );
});
