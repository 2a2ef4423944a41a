import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { readText, repositoryFiles, root } from './repository.ts';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-npm-ci-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

test('npm installs the lockfile into an empty folder with an empty cache, as it stands', async () => {
  const target = path.join(scratch, 'clone');
  for (const file of repositoryFiles()) {
    if (!/(^|\/)package(-lock)?\.json$|^\.npmrc$/.test(file) || file.includes('/testdata/'))
      continue;
    fs.mkdirSync(path.dirname(path.join(target, file)), { recursive: true });
    fs.copyFileSync(path.join(root, file), path.join(target, file));
  }
  await promisify(execFile)(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--cache', path.join(scratch, 'cache')],
    { cwd: target, timeout: 240_000, maxBuffer: 16 * 1024 * 1024 },
  );
  expect(fs.readFileSync(path.join(target, 'package-lock.json'), 'utf8')).toBe(
    readText('package-lock.json'),
  );
  expect(fs.existsSync(path.join(target, 'node_modules/@kiln/base/package.json'))).toBe(true);
}, 300_000);
