import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlSegment, dataSegment, parsePackageInfo } from '@kiln/apk';
import { concatBytes, digestOf } from '@kiln/base';
import { fileEntry } from '@kiln/tar';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expandAtHand, expandStream } from './expand.ts';
import { parseRecord } from './record.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-libraries-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that any host has is as good a shared object as any, without a soname. */
const program = readFileSync('/bin/sh');

async function packageOf(files: readonly (readonly [string, Uint8Array])[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const members = files.map(([path, bytes]) => ({
    entry: fileEntry(path, bytes.length),
    open: () => bytes,
  }));
  for await (const chunk of dataSegment(members)) chunks.push(chunk);
  const data = concatBytes(chunks);
  const dataHash = createHash('sha256').update(data).digest('hex');
  const info = { ...parsePackageInfo('pkgname = x\npkgver = 1-r0\n'), dataHash };
  return concatBytes([controlSegment({ info, mtimeSeconds: 0 }), data]);
}

it('are looked at when a package is expanded, in memory and as a stream', async () => {
  const bytes = await packageOf([
    ['usr/lib/libempty.so', Buffer.alloc(0)],
    ['usr/lib/libtext.so.1', Buffer.from('GROUP ( libc.so.6 )')],
    ['usr/lib/libx.so.1', program],
    ['usr/lib/program', program],
  ]);
  const apk = digestOf(bytes);
  const to = (name: string) => ({
    apk,
    limits: {},
    durable: false,
    archive: join(folder, `${name}.tar`),
    record: join(folder, name),
  });
  await expandAtHand(bytes, to('at-hand'));
  const file = join(folder, 'apk');
  writeFileSync(file, bytes);
  await expandStream(createReadStream(file), to('stream'));
  const record = parseRecord(readFileSync(join(folder, 'at-hand')));
  expect(record?.libraries).toEqual([
    [0, null],
    [1, null],
    [2, { machine: program.readUInt16LE(18) }],
  ]);
  expect(parseRecord(readFileSync(join(folder, 'stream')))).toEqual(record);
});
