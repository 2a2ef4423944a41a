import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gunzipBytes, gzipBytes, splitMembers } from '@kiln/gzip';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const testdata = fileURLToPath(new URL('../../../adapters/apk-files/testdata/', import.meta.url));
const byMelange = readFileSync(join(testdata, 'APKINDEX-by-melange-index'), 'utf8');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-cli-'));
  cpSync(join(testdata, 'main/x86_64'), join(folder, 'x86_64'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly talk: string;
}

/** A port that is none shows that no configuration is read. */
function kiln(words: readonly string[], environment: Record<string, string> = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], KILN_HOME: join(folder, 'home'), ...environment },
  });
  return { code: status, out: stdout, talk: stderr };
}

const melange = (...words: string[]): Ran => kiln(['melange', ...words], { KILN_PORT: 'none' });

const apks = (): string[] =>
  readdirSync(join(folder, 'x86_64'))
    .sort()
    .map((name) => `x86_64/${name}`);

const indexText = (file: string): string =>
  gunzipBytes(splitMembers(readFileSync(join(folder, file))).at(-1)?.compressed ?? Buffer.of())
    .toString()
    .split('\0')
    .find((part) => part.startsWith('C:Q1')) ?? '';

describe('kiln melange', () => {
  test('makes a key, an index of melange’s lines, and signs both ways', () => {
    expect(melange('keygen', '--key-size', '2048', 'k.rsa')).toMatchObject({ code: 0, out: '' });
    expect(statSync(join(folder, 'k.rsa')).mode & 0o777).toBe(0o600);
    const made = melange('index', '-a', 'x86_64', '-o', 'x86_64/APKINDEX.tar.gz', ...apks());
    expect(made).toMatchObject({ code: 0, out: '' });
    expect(made.talk).toContain('INFO processing package x86_64/app-1.0-r0.apk\n');
    expect(indexText('x86_64/APKINDEX.tar.gz')).toBe(byMelange);

    const signed = melange('sign-index', '--signing-key=k.rsa', 'x86_64/APKINDEX.tar.gz');
    expect(signed.talk).toBe('INFO signed index x86_64/APKINDEX.tar.gz keyName=k.rsa.pub\n');
    const once = readFileSync(join(folder, 'x86_64/APKINDEX.tar.gz'));
    const again = melange('sign-index', '--signing-key=k.rsa', 'x86_64/APKINDEX.tar.gz');
    expect(again).toMatchObject({ code: 0, talk: expect.stringContaining('is signed already') });
    expect(readFileSync(join(folder, 'x86_64/APKINDEX.tar.gz')).equals(once)).toBe(true);
    expect(indexText('x86_64/APKINDEX.tar.gz')).toBe(byMelange);

    const package_ = 'x86_64/app-1.0-r0.apk';
    expect(melange('sign', '-kk.rsa', '--log-level=error', package_)).toEqual({
      code: 0,
      out: '',
      talk: '',
    });
    const [first] = splitMembers(readFileSync(join(folder, package_)));
    expect(Buffer.from(first?.content ?? '').toString('latin1')).toContain(
      '.SIGN.RSA256.k.rsa.pub',
    );
    expect(existsSync(join(folder, 'home'))).toBe(false);
  });

  test('merges from --source, which is not the output', () => {
    const [one = '', two = '', ...rest] = apks();
    expect(melange('index', '-o', 'APKINDEX.tar.gz', one, ...rest).code).toBe(0);
    expect(melange('index', '-m', '-o', 'next.tar.gz', two, one).code).toBe(0);
    const names = (file: string): string[] => indexText(file).match(/^P:.*$/gm) ?? [];
    expect(names('next.tar.gz').toSorted()).toEqual(byMelange.match(/^P:.*$/gm)?.toSorted());
    expect(names('next.tar.gz').at(-1)).toBe('P:app-docs');
    expect(indexText('next.tar.gz')).not.toContain('[[');
    // Without a source there is nothing to keep.
    expect(melange('index', '-m', '-s', 'none', '-o', 'third.tar.gz', two).code).toBe(0);
    expect(names('third.tar.gz')).toEqual(['P:app-docs']);
  });

  test('leaves out other architectures, with a warning, where melange crashes', () => {
    const { code, talk } = melange('index', '-a', 'aarch64', ...apks().slice(0, 1));
    expect(code).toBe(0);
    expect(talk).toContain('WARN app-1.0-r0: architecture is x86_64, not aarch64\n');
    expect(indexText('APKINDEX.tar.gz')).toBe('');
  });

  test('says what is wrong in one ERRO line, and writes nothing', () => {
    for (const [words, expected] of [
      [['keygen', '--key-size', '1024'], 'ERRO key size is 1024 bits\n'],
      [['index', 'none.apk'], 'ERRO none.apk: no such file\n'],
      [['index', 'x86_64'], 'ERRO x86_64: not a regular file\n'],
      [['index', '--signing-key', 'none', ...apks()], 'ERRO none: no such file\n'],
      [['sign', ...apks()], 'ERRO local-melange.rsa: no such file\n'],
      [['sign-index', 'APKINDEX.tar.gz'], 'ERRO APKINDEX.tar.gz: no such file\n'],
      [['index'], 'ERRO requires at least 1 arg(s), only received 0\n'],
    ] as const) {
      const { code, talk } = melange(...words);
      expect(code).toBe(1);
      expect(talk).toContain(expected);
    }
    expect(readdirSync(folder)).toEqual(['x86_64']);
  });
});

describe('kiln index and kiln key', () => {
  test('make a key and a sorted index without brackets, and sign files of both kinds', () => {
    const made = kiln(['key', 'generate', 'k.rsa', '--bits', '2048', '--json']);
    expect(JSON.parse(made.out)).toMatchObject({ keyName: 'k.rsa.pub', bits: 2048 });
    expect(kiln(['key', 'generate', 'k.rsa'])).toMatchObject({
      code: 1,
      talk: expect.stringContaining('error[APK_KEY_EXISTS]: k.rsa is there already\nhint: '),
    });

    const words = ['index', '-o', 'x86_64/APKINDEX.tar.gz', '--sign', 'k.rsa'];
    const indexed = kiln([...words, '--json', ...apks().reverse()]);
    expect(JSON.parse(indexed.out)).toMatchObject({
      index: 'x86_64/APKINDEX.tar.gz',
      signedBy: 'k.rsa.pub',
      records: 87,
      leftOut: [],
    });
    const text = indexText('x86_64/APKINDEX.tar.gz');
    expect(text.match(/^P:.*$/gm)).toEqual(byMelange.match(/^P:.*$/gm)?.toSorted());
    expect(text).not.toMatch(/^i:\[/m);
    expect(text).toMatch(/^i:app=1\.0-r0 docs$/m);

    const files = ['x86_64/app-1.0-r0.apk', 'x86_64/APKINDEX.tar.gz'];
    expect(kiln(['key', 'sign', '--key', 'k.rsa', ...files])).toMatchObject({
      code: 0,
      out: `${files.join('\n')}\n`,
      talk: '2 files signed by k.rsa.pub\n',
    });
  });

  test('do not sign what somebody else may have put into an index', () => {
    for (const name of ['ours.rsa', 'theirs.rsa'])
      expect(kiln(['key', 'generate', name, '--bits', '2048']).code).toBe(0);
    const [one = '', two = ''] = apks();
    const merge = (...words: string[]): Ran => kiln(['index', '--merge', ...words, two]);
    expect(kiln(['index', one]).code).toBe(0);
    expect(merge('--sign', 'ours.rsa').talk).toContain('error[APK_INDEX_UNSIGNED]');
    expect(kiln(['key', 'sign', 'APKINDEX.tar.gz', '--key', 'theirs.rsa']).code).toBe(0);
    expect(merge('--sign', 'ours.rsa').talk).toContain('error[APK_INDEX_SIGNATURE_INVALID]');
    expect(kiln(['key', 'sign', 'APKINDEX.tar.gz', '--key', 'ours.rsa']).code).toBe(0);
    expect(merge('--sign', 'ours.rsa').talk).toBe('1 package indexed; 2 records in all\n');
  });

  test('refuse two packages under one name, and take one that comes twice', () => {
    const [one = ''] = apks();
    cpSync(join(folder, one), join(folder, 'again.apk'));
    const twice = kiln(['index', one, 'again.apk', '--json']);
    expect(JSON.parse(twice.out)).toMatchObject({ records: 1 });
    // Packed anew, the control segment has another checksum.
    const [control, data] = splitMembers(readFileSync(join(folder, one))).slice(-2);
    if (control === undefined || data === undefined) throw new Error('no package');
    const packed = gzipBytes(control.content, { level: 1 });
    writeFileSync(join(folder, 'again.apk'), Buffer.concat([packed, data.compressed]));
    expect(kiln(['index', one, 'again.apk'])).toMatchObject({
      code: 1,
      talk: `error[INDEX_TWINS]: ${one} and again.apk are both app-1.0-r0\nhint: leave one out\n`,
    });
  });
});
