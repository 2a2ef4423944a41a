import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ScratchFolder } from './scratch-folder.ts';

let parent: string;
beforeEach(() => {
  parent = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-scratch-parent-'));
  vi.stubEnv('TMPDIR', parent);
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(parent, { recursive: true, force: true });
});

const script = `
  import fs from 'node:fs';
  import { ScratchFolder } from ${JSON.stringify(path.join(import.meta.dirname, 'scratch-folder.ts'))};
  const folder = await ScratchFolder.create('kiln-work-');
  fs.mkdirSync(folder.path + '/tree');
  fs.writeFileSync(folder.path + '/tree/file', 'content');
  console.log(folder.path);
  setInterval(() => undefined, 1000);
`;

/** A process that has a folder, and that folder. */
async function startOther(): Promise<{ readonly child: ChildProcess; readonly folder: string }> {
  const args = ['--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, folder: line.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

async function makeOne(): Promise<void> {
  await using folder = await ScratchFolder.create('kiln-work-');
  expect(fs.statSync(folder.path).mode & 0o777).toBe(0o700);
}

test('the folder of a process that was killed goes with the next one, that of a running one stays', async () => {
  const [killed, running] = [await startOther(), await startOther()];
  try {
    await kill(killed.child);
    expect(fs.existsSync(killed.folder)).toBe(true);
    await using own = await ScratchFolder.create('kiln-work-');
    await makeOne();
    expect(fs.readdirSync(parent).sort()).toEqual(
      [running.folder, own.path].map((folder) => path.basename(folder)).sort(),
    );
    expect(fs.readFileSync(path.join(running.folder, 'tree/file'), 'utf8')).toBe('content');
  } finally {
    await kill(running.child);
  }
  await makeOne();
  expect(fs.readdirSync(parent)).toEqual([]);
});

test('what nobody can tell the process of stays: another prefix, no lock, another boot, a link', async () => {
  const { child, folder } = await startOther();
  await kill(child);
  const lock = fs.readdirSync(folder).find((name) => name.startsWith('lock-')) ?? '';
  const copy = (name: string): string => {
    fs.cpSync(folder, path.join(parent, name), { recursive: true });
    return path.join(parent, name);
  };
  copy('kiln-other-1');
  fs.rmSync(path.join(copy('kiln-work-unlocked'), lock));
  const rebooted = copy('kiln-work-rebooted');
  fs.renameSync(path.join(rebooted, lock), path.join(rebooted, 'lock-of-another-boot'));
  fs.symlinkSync('kiln-other-1', path.join(parent, 'kiln-work-link'));
  await makeOne();
  expect(fs.readdirSync(parent).sort()).toEqual([
    'kiln-other-1',
    'kiln-work-link',
    'kiln-work-rebooted',
    'kiln-work-unlocked',
  ]);
});
