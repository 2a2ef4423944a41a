import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readElf, type ElfFile } from './elf.ts';
import { readGoBuildInfo, type GoBuildInfo } from './go-build-info.ts';
import { byteSource } from './source.ts';

const fixture = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`../testdata/${name}.elf.gz`, import.meta.url)));

async function elfOf(bytes: Uint8Array): Promise<ElfFile> {
  const elf = await readElf(byteSource(bytes));
  if (elf === undefined) throw new Error('no ELF file');
  return elf;
}

async function infoOf(bytes: Uint8Array): Promise<GoBuildInfo | undefined> {
  return readGoBuildInfo(byteSource(bytes), await elfOf(bytes));
}

/** What `go version -m` prints of the program. */
const boring = {
  '-buildmode': 'exe',
  '-compiler': 'gc',
  '-tags': 'netcgo',
  '-trimpath': 'true',
  DefaultGODEBUG:
    'containermaxprocs=0,cryptocustomrand=1,decoratemappings=0,tlssecpmlkem=0,tlssha1=1,updatemaxprocs=0,urlstrictcolons=0,x509sha256skid=0',
  CGO_ENABLED: '1',
  GOARCH: 'amd64',
  GOEXPERIMENT: 'boringcrypto',
  GOOS: 'linux',
  GOAMD64: 'v1',
};

test('the settings of a build are those that the Go command shows', async () => {
  const info = await infoOf(fixture('go-boring'));
  expect(info?.goVersion).toBe('go1.26.8-X:boringcrypto');
  expect(Object.fromEntries(info?.settings ?? [])).toEqual(boring);
  expect((await infoOf(fixture('go-plain')))?.settings.get('CGO_ENABLED')).toBe('0');
});

test('they are found in a program without section headers', async () => {
  const bytes = fixture('go-boring');
  bytes.fill(0, 40, 48);
  bytes.fill(0, 60, 64);
  expect(Object.fromEntries((await infoOf(bytes))?.settings ?? [])).toEqual(boring);
});

test('quoted keys and values lose their quotes', async () => {
  const bytes = fixture('go-boring');
  const at = bytes.indexOf('build\tCGO_ENABLED=1\n');
  bytes.write('build\t`=`="x\\t\\"yz"', at);
  expect((await infoOf(bytes))?.settings.get('=')).toBe('x\t"yz');
});

test('information that ends before its strings do is refused, and what has no magic number is none', async () => {
  const bytes = fixture('go-boring');
  const at = bytes.indexOf('\xff Go buildinf:', 0, 'latin1');
  const long = Buffer.from(bytes);
  long.set([0xff, 0xff, 0xff, 0x7f], at + 32);
  await expect(infoOf(long)).rejects.toMatchObject({ code: 'ELF_INVALID' });
  const pointers = Buffer.from(bytes);
  pointers[at + 15] = 0;
  expect(await infoOf(pointers)).toBeUndefined();
  bytes[at] = 0;
  expect(await infoOf(bytes)).toBeUndefined();
});
