import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Config } from '@kiln/oci';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireProgram } from './run-program.ts';

let root = '';

beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-run-program-'));
  for (const folder of ['usr/bin', 'usr/sbin', 'srv/etc'])
    fs.mkdirSync(path.join(root, folder), { recursive: true });
  const write = (name: string, mode: number, text: string = ''): void =>
    fs.writeFileSync(path.join(root, name), text, { mode });
  write('usr/bin/busybox', 0o755);
  write('usr/bin/script', 0o644);
  write('usr/sbin/script', 0o755);
  write('usr/sbin/notes', 0o644);
  write('srv/start', 0o700, '#! /bin/sh -e\necho\n');
  write('usr/bin/served', 0o755, '#!start\n');
  write('usr/bin/lacking', 0o755, '#!/bin/bash\n');
  write('usr/bin/either', 0o755, '#!/bin/bash\n');
  write('usr/sbin/either', 0o755, '#!/bin/sh\n');
  fs.mkdirSync(path.join(root, 'usr/sbin/folder'));
  const links = {
    bin: 'usr/bin',
    'usr/bin/sh': '/bin/busybox',
    // Of the host, where they are; of the image, where they are not.
    'usr/bin/host': process.execPath,
    'usr/bin/lost': 'nowhere',
  };
  for (const [place, target] of Object.entries(links))
    fs.symlinkSync(target, path.join(root, place));
});

afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

const withPath = { env: ['PATH=/usr/bin:/usr/sbin:etc'], workingDir: '/srv' };

async function codeOf(program: string, config: Config['config'] = withPath): Promise<unknown> {
  const whole: Config = { architecture: 'amd64', os: 'linux', diffIds: [], config };
  try {
    await requireProgram(root, whole, { program, image: 'small' });
    return 'runs';
  } catch (error) {
    return error;
  }
}

test.each([
  'busybox',
  'sh',
  'script',
  '/usr/bin/busybox',
  '/bin/sh',
  './start',
  '../bin/sh',
  'served',
  'either',
])('%s runs', async (program) => {
  expect(await codeOf(program)).toBe('runs');
});

test('without a PATH it is looked for where bubblewrap does', async () => {
  expect(await codeOf('sh', {})).toBe('runs');
  expect(await codeOf('notes', {})).toMatchObject({
    code: 'IMAGE_PROGRAM_MISSING',
    hint: 'programs are looked for in /bin:/usr/bin',
  });
});

test.each([
  ['busibox', 'did you mean busybox?'],
  ['/bin/busibox', 'did you mean /bin/busybox?'],
  ['/etc/script', 'did you mean /usr/bin/script?'],
  ['bash-completion', 'programs are looked for in /usr/bin:/usr/sbin:/srv/etc'],
  ['host', expect.anything()],
  ['lost', expect.anything()],
  ['/usr/bin/busybox/x', expect.anything()],
  ['', expect.anything()],
  ['x'.repeat(300), expect.anything()],
])('%s is not there', async (program, hint) => {
  expect(await codeOf(program)).toMatchObject({ code: 'IMAGE_PROGRAM_MISSING', hint });
});

test('what a script is to be run by may be what is not there', async () => {
  expect(await codeOf('lacking')).toMatchObject({
    code: 'IMAGE_PROGRAM_MISSING',
    message: 'small has no "/bin/bash", which is to run "lacking"',
  });
});

test.each([
  ['notes', '"notes" may not be executed in small'],
  ['/usr/bin/script', '"/usr/bin/script" may not be executed in small'],
  ['folder', '"folder" is a folder in small'],
  ['/', '"/" is a folder in small'],
  ['.', '"." is a folder in small'],
])('%s is no program', async (program, message) => {
  expect(await codeOf(program)).toMatchObject({ code: 'IMAGE_PROGRAM_NOT_EXECUTABLE', message });
});
