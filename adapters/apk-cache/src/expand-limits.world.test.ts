import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { memoryFor } from './expand-limits.ts';

it('takes what a package and its data need in memory, and streams what is large', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-limits-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'apk');
  const memoryOf = (sizeBytes: number, dataBytes: number): number | undefined => {
    const bytes = Buffer.alloc(sizeBytes);
    bytes.writeUInt32LE(dataBytes, sizeBytes - 4);
    writeFileSync(file, bytes);
    return memoryFor(file);
  };
  expect(memoryOf(1000, 5000)).toBe(6000);
  expect(memoryOf(1000, 200 * 2 ** 20)).toBeUndefined();
  expect(memoryOf(20 * 2 ** 20, 5000)).toBeUndefined();
  writeFileSync(file, 'x');
  expect(memoryFor(file)).toBeUndefined();
});
