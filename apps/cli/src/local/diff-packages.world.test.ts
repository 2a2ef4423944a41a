import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { testKey, testPackage, testRepository, type TestFiles } from '@kiln/apk-client/testing';
import type { PackageInfo } from '@kiln/apk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { packageDiff } from '../commands/package-diff.ts';
import { readConfig } from '../config.ts';
import type { ComparedPackages } from './diff-packages.ts';
import { failureOf } from './testing.ts';

let folder = '';
const key = testKey('published.rsa.pub');

function put(name: string, bytes: string | Uint8Array): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, bytes);
  return file;
}

const greet = (
  version: string,
  files: TestFiles,
  more: Partial<PackageInfo>,
): ReturnType<typeof testPackage> =>
  testPackage(`greet=${version}`, { usr: null, 'usr/bin': null, ...files }, more);

const published = greet(
  '1.0-r0',
  { 'usr/bin/greet': 'hello', 'usr/bin/gone': 'x' },
  { provides: ['cmd:greet=1.0-r0', 'cmd:gone=1.0-r0'], licenses: ['MIT'] },
);
const older = greet('0.9-r0', { 'usr/bin/old': '' }, {});
const built = greet(
  '1.1-r0',
  { 'usr/bin/greet': 'hello, all', 'usr/bin/new\u001b[2J': '' },
  { provides: ['cmd:greet=1.1-r0'], licenses: ['MIT'], depends: ['so:libc.so.6'] },
);

let [from, to] = ['', ''];
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'kiln-diff-'));
  for (const [file, bytes] of testRepository([older, published], key)) put(`os/${file}`, bytes);
  put(key.name, key.publicPem);
  from = put('old.apk', published.bytes);
  to = put('new.apk', built.bytes);
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

async function diff(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly out: string }> {
  let out = '';
  const print = { data: (text: string) => void (out += text), talk: () => undefined };
  const cache = ['--cache-dir', path.join(folder, 'cache')];
  const invocation = parseInvocation(packageDiff, [...words, ...cache], readConfig({}), print);
  return { code: await packageDiff.run(invocation), out };
}

test('two files are compared line by line, without what moves a cursor', async () => {
  const { code, out } = await diff(from, to);
  expect(code).toBe(3);
  expect(out).toMatch(
    /^greet 1\.0-r0 and greet 1\.1-r0, x86_64\n\+ depends so:libc\.so\.6\n- provides cmd:gone=1\.0-r0\n- usr\/bin\/gone\n~ usr\/bin\/greet: sha1 [0-9a-f]{40}, was [0-9a-f]{40}; size 10, was 5\n\+ usr\/bin\/new.*\n! removed-command:greet:gone: .*\n$/,
  );
  expect(out).not.toContain('\u001b');
  expect(await diff(to, to)).toEqual({
    code: 0,
    out: 'greet 1.1-r0 and greet 1.1-r0, x86_64: the same but for version and date\n',
  });
});

test('one is compared with the newest that is published', async () => {
  const repository = ['--repository', path.join(folder, 'os')];
  const keyring = ['--keyring', path.join(folder, key.name)];
  for (const words of [repository, [...repository, ...keyring]]) {
    const { code, out } = await diff(to, '--json', ...words);
    expect(code).toBe(3);
    const compared = JSON.parse(out) as ComparedPackages;
    expect(compared).toMatchObject({
      from: { version: '1.0-r0', checksum: published.record.checksum },
      to: { file: to, version: '1.1-r0', checksum: built.record.checksum },
      relations: [
        { kind: 'depends', added: ['so:libc.so.6'], removed: [] },
        { kind: 'provides', added: [], removed: ['cmd:gone=1.0-r0'] },
      ],
      findings: [{ id: 'removed-command:greet:gone' }],
    });
  }
  const nobody = put('other.apk', testPackage('nobody=1-r0', {}).bytes);
  expect(await failureOf(diff(nobody, ...repository))).toMatch(
    /error\[LOCAL_PACKAGE_NOT_PUBLISHED\]: no repository has a package "nobody"\nhint: .*OLD\.apk/,
  );
  put('os/x86_64/greet-1.0-r0.apk', older.bytes);
  expect(await failureOf(diff(to, ...repository))).toContain('is another file than its index says');
});

test('what cannot be compared is named', async () => {
  const broken = put('broken.apk', built.bytes.subarray(0, built.bytes.length - 20));
  const said = await failureOf(diff(from, broken));
  expect(said).toContain(broken);
  expect(said).toMatch(/error\[(?:APK|TAR|GZIP)_/);
  expect(await failureOf(diff(from, path.join(folder, 'absent.apk')))).toContain(
    'error[APK_FILE_NOT_FOUND]',
  );
  for (const words of [[], [from], [from, to, to], [from, to, '--repository', folder]])
    expect(await failureOf(diff(...words))).toContain('error[USAGE]');
});

test('of a package that is not read, as the other is broken, the file is closed', async () => {
  const broken = put('broken.apk', published.bytes.subarray(0, published.bytes.length - 20));
  expect(await failureOf(diff(broken, to))).toContain(broken);
  const openFiles = fs.readdirSync('/proc/self/fd').map((name) => {
    const descriptor = `/proc/self/fd/${name}`;
    // That of the folder itself is gone again.
    return fs.existsSync(descriptor) ? fs.readlinkSync(descriptor) : '';
  });
  expect(openFiles).not.toContain(to);
});
