import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeLargeFile } from './write-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kiln-write-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const script = `
  import { writeLargeFile } from ${JSON.stringify(path.join(import.meta.dirname, 'write-file.ts'))};
  async function* source() {
    yield Buffer.alloc(2 ** 20);
    console.log('begun');
    await new Promise((resolve) => setTimeout(resolve, 1e6));
  }
  await writeLargeFile(process.argv[1], source());
`;

/** A process that is in the middle of writing a file. */
async function writing(file: string): Promise<ChildProcess> {
  const args = ['--input-type=module', '-e', script, file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

test('what was written of a file when its writer was killed goes with the next one', async () => {
  const file = path.join(folder, 'image.tar');
  const [killed, running] = [await writing(file), await writing(file)];
  try {
    await kill(killed);
    expect(readdirSync(folder)).toHaveLength(2);
    await writeLargeFile(file, [Buffer.from('content')]);
    const [name, left = ''] = readdirSync(folder).sort();
    expect([name, readdirSync(path.join(folder, left))]).toEqual([
      'image.tar',
      ['image.tar', expect.stringMatching(/^lock-/)],
    ]);
  } finally {
    await kill(running);
  }
  const refused = writeLargeFile(
    file,
    (function* () {
      yield Buffer.from('half');
      throw new Error('the source ended');
    })(),
  );
  await expect(refused).rejects.toThrow('the source ended');
  expect(readdirSync(folder)).toEqual(['image.tar']);
  expect(readFileSync(file, 'utf8')).toBe('content');
});
