import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { controlSegment, dataSegment, parsePackageInfo } from '@kiln/apk';
import type { DataFile } from '@kiln/apk';
import { collect, concatBytes, digestOf, hexOf } from '@kiln/base';
import { directoryEntry, fileEntry } from '@kiln/tar';
import { afterAll, beforeAll, expect, test } from 'vitest';

const kiln = fileURLToPath(new URL('../../../../kiln', import.meta.url));
const packagesCount = 5;
const filesEach = 10_000;
const memoryBytesMax = 256 * 2 ** 20;

let root: string;

beforeAll(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-many-files-'));
  fs.mkdirSync(path.join(root, 'repo/x86_64'), { recursive: true });
  const names = Array.from({ length: packagesCount }, (_, i) => `many${i}`);
  for (const name of names)
    fs.writeFileSync(path.join(root, `repo/x86_64/${name}-1-r0.apk`), await packageOf(name));
  await run(['key', 'generate', 'k.rsa']);
  const index = 'repo/x86_64/APKINDEX.tar.gz';
  const files = names.map((name) => `repo/x86_64/${name}-1-r0.apk`);
  await run(['index', ...files, '-o', index, '--sign', 'k.rsa']);
  const places = 'repositories: [./repo]\n  keyring: [./k.rsa.pub]';
  const configuration = `contents:\n  ${places}\n  packages: [${names.join(', ')}]\n`;
  fs.writeFileSync(path.join(root, 'image.yaml'), configuration);
}, 120_000);
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

async function packageOf(name: string): Promise<Uint8Array> {
  const folder = `usr/share/${name}`;
  const files: DataFile[] = ['usr', 'usr/share', folder].map((entry) => ({
    entry: directoryEntry(entry),
    open: () => new Uint8Array(0),
  }));
  for (let i = 0; i < filesEach; i += 1) {
    const text = Buffer.from(`${name} ${i}\n`.repeat(20));
    const entry = fileEntry(
      `${folder}/named-as-files-are-${String(i).padStart(5, '0')}`,
      text.length,
    );
    files.push({ entry, open: () => text });
  }
  const data = await collect(dataSegment(files), 2 ** 26, () => new Error('large'));
  const info = parsePackageInfo(`pkgname = ${name}\npkgver = 1-r0\narch = x86_64\n`);
  const dataHash = hexOf(digestOf(data));
  const control = controlSegment({
    info: { ...info, origin: name, dataHash },
    scripts: new Map(),
    mtimeSeconds: 0,
  });
  return concatBytes([control, data]);
}

/** Runs Kiln to its end, and returns the most memory that it had resident. */
async function run(words: readonly string[]): Promise<number> {
  const env = { ...process.env, XDG_CACHE_HOME: path.join(root, 'cache') };
  const child = spawn(kiln, words, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => void (said += chunk.toString()));
  let mostBytes = 0;
  const look = setInterval(() => {
    mostBytes = Math.max(mostBytes, residentBytes(child.pid));
  }, 20);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(look);
  expect(code, said).toBe(0);
  return mostBytes;
}

/** The most so far, as Linux keeps it; 0 of a process that is gone. */
function residentBytes(pid: number | undefined): number {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

test('an image of 50,000 files takes no more than 256 MiB, whatever is kept of its packages', async () => {
  const words = ['image', 'build', 'image.yaml', '-o', 'image.tar', '--cache-dir', 'kept'];
  const withNothing = await run([...words, '--arch', 'x86_64']);
  fs.rmSync(path.join(root, 'kept/layers'), { recursive: true });
  const unpacked = await run([...words, '--arch', 'x86_64']);
  for (const bytes of [withNothing, unpacked]) {
    expect(bytes).toBeGreaterThan(50 * 2 ** 20);
    expect(bytes).toBeLessThanOrEqual(memoryBytesMax);
  }
}, 240_000);
