import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { gzipBytes } from './compress.ts';
import { gunzipBytes } from './split.ts';

const content = Buffer.from('interoperable\n'.repeat(10_000));

it('writes what gzip(1) accepts, several members too', () => {
  const file = Buffer.concat([gzipBytes(content), gzipBytes(content)]);
  const result = spawnSync('gzip', ['-dc'], { input: file });
  expect(result.status).toBe(0);
  expect(result.stdout.equals(Buffer.concat([content, content]))).toBe(true);
});

it('reads what gzip(1) writes', () => {
  const result = spawnSync('gzip', ['-9c'], { input: content });
  expect(Buffer.from(gunzipBytes(result.stdout)).equals(content)).toBe(true);
});
