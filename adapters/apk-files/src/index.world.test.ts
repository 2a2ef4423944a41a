import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergeRecords, parseIndex, printIndex, readIndex, splitSignatures } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import { KilnError, systemRandom } from '@kiln/base';
import { gunzipBytes, gzipBytes, splitMembers } from '@kiln/gzip';
import { fileEntry, tarBytes } from '@kiln/tar';
import {
  isSignedIndexFile,
  mergeIntoIndexFile,
  readIndexFile,
  signIndexFile,
  writeIndexFile,
} from './index-file.ts';
import { indexPackages } from './index-packages.ts';
import { generateKeyFiles, readSigningKey } from './signing-key.ts';
import type { SigningKey } from './signing-key.ts';

const testdata = fileURLToPath(new URL('../testdata/', import.meta.url));
const repository = join(testdata, 'main/x86_64');
const packages = readdirSync(repository)
  .sort()
  .map((name) => join(repository, name));
const byMelange = readFileSync(join(testdata, 'APKINDEX-by-melange-index'), 'utf8');

let folder = '';
let key: SigningKey;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-index-'));
  const path = join(folder, 'test.rsa');
  await generateKeyFiles({ path, bits: 2048, present: 'refuse', random: systemRandom });
  key = await readSigningKey(path);
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Whether openssl, given the public key, says that the signature in front of the index holds. */
async function opensslAccepts(file: string): Promise<boolean> {
  const { signatures, rest } = await splitSignatures(readFileSync(file));
  writeFileSync(join(folder, 'signature'), signatures[0]?.signature ?? '');
  writeFileSync(join(folder, 'signed'), rest);
  const { keyName } = signatures[0] ?? {};
  const words = ['dgst', '-sha256', '-verify', keyName ?? '', '-signature', 'signature', 'signed'];
  try {
    return execFileSync('openssl', words, { cwd: folder, encoding: 'utf8' }) === 'Verified OK\n';
  } catch {
    return false;
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof KilnError ? `${error.code} ${error.message}` : String(error);
}

describe('an index of package files', () => {
  it('is melange’s, line for line, in melange’s dialect', async () => {
    const { taken, leftOut } = await indexPackages(packages, {
      dialect: 'melange',
      arch: 'x86_64',
    });
    expect(leftOut).toEqual([]);
    const text = printIndex(
      taken.map((one) => one.record),
      { dialect: 'melange' },
    );
    expect(text).toBe(byMelange);
  });

  it('has no brackets otherwise, and every licence', async () => {
    const { taken } = await indexPackages(packages);
    const records = taken.map((one) => one.record);
    expect(printIndex(records)).not.toMatch(/^i:\[/m);
    expect(records.find((record) => record.name === 'app-docs')?.installIf).toEqual([
      'app=1.0-r0',
      'docs',
    ]);
    const licences = join(
      testdata,
      '../../../formats/apk/testdata/melange/cases/licences/expected',
    );
    const [whole] = (await indexPackages([join(licences, 'licences-1.0-r0.apk')])).taken;
    const [first] = (
      await indexPackages([join(licences, 'licences-1.0-r0.apk')], { dialect: 'melange' })
    ).taken;
    expect(whole?.record.license).toContain(' AND ');
    expect(whole?.record.license.startsWith(`${first?.record.license} AND `)).toBe(true);
  });

  it('leaves out packages of another architecture and names them', async () => {
    const { taken, leftOut } = await indexPackages(packages.slice(0, 5), { arch: 'aarch64' });
    expect(taken).toEqual([]);
    expect(leftOut.map((one) => one.path)).toEqual(packages.slice(0, 5));
  });

  it('is written signed, and openssl and readers accept the signature', async () => {
    const records = (await indexPackages(packages.slice(0, 9))).taken.map((one) => one.record);
    const file = join(folder, 'APKINDEX.tar.gz');
    await writeIndexFile(file, records, { description: 'nine', key, random: systemRandom });
    const keys = new Map([['test.rsa.pub', readFileSync(join(folder, 'test.rsa.pub'), 'utf8')]]);
    const read = await readIndex(readFileSync(file), { keys });
    expect([...read.records]).toEqual(records);
    expect(read).toMatchObject({ description: 'nine', signedBy: 'test.rsa.pub' });
    expect(await opensslAccepts(file)).toBe(true);
    expect(splitMembers(readFileSync(file))).toHaveLength(2);
  });

  it('is read by tar as a file with the two entries that apk expects', async () => {
    const file = join(folder, 'APKINDEX.tar.gz');
    await writeIndexFile(file, [], { key, random: systemRandom });
    const names = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' });
    expect(names).toBe('.SIGN.RSA256.test.rsa.pub\nAPKINDEX\nDESCRIPTION\n');
  });

  it('merges into one that is there', async () => {
    const file = join(folder, 'APKINDEX.tar.gz');
    const all = (await indexPackages(packages)).taken.map((one) => one.record);
    await writeIndexFile(file, all.slice(0, 30), { description: 'kept', random: systemRandom });
    const present = await readIndexFile(file);
    const merged = mergeRecords(present?.records ?? [], all.slice(20));
    expect(merged).toEqual(all);
    expect(present?.description).toBe('kept');
    expect(await readIndexFile(join(folder, 'none'))).toBeUndefined();
  });
});

describe('signing an index', () => {
  const index = join(testdata, '../../../formats/apk/testdata/apko/repos/edge/x86_64');
  const unsigned = (): Uint8Array =>
    splitMembers(readFileSync(join(index, 'APKINDEX.tar.gz'))).at(-1)?.compressed ?? Buffer.of();

  it('puts a signature in front of the same bytes', async () => {
    const file = join(folder, 'index');
    writeFileSync(file, unsigned());
    expect(await isSignedIndexFile(file)).toBe(false);
    expect(await signIndexFile(file, key, systemRandom)).toMatchObject({ replaced: [] });
    expect(await opensslAccepts(file)).toBe(true);
    expect(Buffer.from((await splitSignatures(readFileSync(file))).rest)).toEqual(
      Buffer.from(unsigned()),
    );
  });

  it('replaces the signatures of a signed one', async () => {
    const file = join(folder, 'APKINDEX.tar.gz');
    cpSync(join(index, 'APKINDEX.tar.gz'), file);
    expect(await isSignedIndexFile(file)).toBe(true);
    expect(await signIndexFile(file, key, systemRandom)).toEqual({
      path: file,
      kind: 'index',
      keyName: 'test.rsa.pub',
      replaced: ['parity.rsa.pub'],
    });
    const { signatures, rest } = await splitSignatures(readFileSync(file));
    expect(signatures.map((one) => one.keyName)).toEqual(['test.rsa.pub']);
    expect(Buffer.from(rest)).toEqual(Buffer.from(unsigned()));
    expect(await opensslAccepts(file)).toBe(true);
  });

  it('is refused for what is no index', async () => {
    const file = join(folder, 'strange');
    const sign = (bytes: Uint8Array): Promise<string> => {
      writeFileSync(file, bytes);
      return codeOf(signIndexFile(file, key, systemRandom));
    };
    const other = gzipBytes(tarBytes([{ entry: fileEntry('OTHER', 0), content: Buffer.of() }]));
    expect(await sign(Buffer.from('no gzip at all'))).toMatch(/^GZIP_CORRUPT .*strange: /);
    expect(await sign(Buffer.of())).toMatch(/^GZIP_TRUNCATED .*strange: /);
    expect(await sign(other)).toMatch(/^APK_INDEX_INVALID .*there is no APKINDEX/);
    expect(await sign(readFileSync(packages[0] ?? ''))).toMatch(/^APK_INDEX_INVALID/);
    expect(readFileSync(file).equals(readFileSync(packages[0] ?? ''))).toBe(true);
    expect(await codeOf(signIndexFile(folder, key, systemRandom))).toMatch(
      /^APK_FILE_FAILED .*not a regular file/,
    );
  });
});

it('keeps records as they are from text to file and back', async () => {
  const file = join(folder, 'index');
  await writeIndexFile(file, parseIndex(byMelange), { random: systemRandom });
  const text = gunzipBytes(readFileSync(file)).toString();
  expect(text).toContain(byMelange.slice(0, 200));
});

describe('an index that several change at once', () => {
  const add = (file: string, record: IndexRecord): Promise<unknown> =>
    mergeIntoIndexFile(file, [record], {
      present: async () => {
        const present = await readIndexFile(file);
        await setTimeout(20);
        return present;
      },
      random: systemRandom,
    });

  it('has in the end what each of them added', async () => {
    const { taken } = await indexPackages(packages, { arch: undefined });
    const records = taken.map((one) => one.record);
    expect(records.length).toBeGreaterThan(2);
    const file = join(folder, 'APKINDEX.tar.gz');
    await Promise.all(records.map((record) => add(file, record)));
    const found = [...((await readIndexFile(file))?.records ?? [])].map(({ name }) => name);
    expect(found.toSorted()).toEqual(records.map(({ name }) => name).toSorted());
  });

  it('says what is wrong with a folder that is not there', async () => {
    const { taken } = await indexPackages(packages.slice(0, 1), { arch: undefined });
    for (const { record } of taken)
      expect(await codeOf(add(join(folder, 'none/APKINDEX.tar.gz'), record))).toMatch(
        /^APK_FILE_NOT_FOUND /,
      );
  });
});
