import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@kiln/base';
import type { CollectRequest } from '@kiln/blobs';
import { blobStoreConformance, collectableBlobsConformance } from '@kiln/blobs/conformance';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FsBlobs } from './fs-blobs.ts';

for (const conformance of [blobStoreConformance, collectableBlobsConformance])
  conformance(async (clock) => {
    const directory = await mkdtemp(join(tmpdir(), 'kiln-blobs-'));
    return {
      store: new FsBlobs({ directory, clock }),
      close: () => rm(directory, { recursive: true, force: true }),
    };
  });

describe('blobs in a directory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kiln-blobs-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });
  const temporaryFiles = (): Promise<string[]> => readdir(join(directory, 'temporary'));

  it('tells local tools where a blob is', async () => {
    const blobs = new FsBlobs({ directory });
    const { digest } = await blobs.put(Buffer.from('hello'));
    expect(blobs.path(digest)).toMatch(/\/sha256\/2c\/2cf24dba[0-9a-f]{56}$/);
    expect(await readFile(blobs.path(digest), 'utf8')).toBe('hello');
  });

  it('takes a file as it is, under its digest only', async () => {
    const blobs = new FsBlobs({ directory: join(directory, 'blobs') });
    const file = join(directory, 'file');
    await writeFile(file, 'taken', { mode: 0o600 });
    const { ino } = await stat(file);
    const digest = digestOf('taken');
    await expect(blobs.take(file, { expected: digestOf('other') })).rejects.toMatchObject({
      code: 'BLOB_DIGEST_MISMATCH',
    });
    expect(await readFile(file, 'utf8')).toBe('taken');
    expect(await blobs.take(file, { expected: digest })).toEqual({ digest, sizeBytes: 5 });
    const taken = await stat(blobs.path(digest));
    expect([taken.ino, taken.mode & 0o777]).toEqual([ino, 0o644]);
    await writeFile(file, 'taken');
    await blobs.take(file, { expected: digest });
    expect((await stat(blobs.path(digest))).ino).toBe(ino);
    await writeFile(file, 'of any content');
    expect((await blobs.take(file)).digest).toBe(digestOf('of any content'));
    expect(await readdir(directory)).toEqual(['blobs']);
  });

  it('takes what the caller says it has written, and reads what has another size', async () => {
    const blobs = new FsBlobs({ directory });
    const file = join(directory, 'upload');
    const digest = digestOf('12345');
    await writeFile(file, '12345');
    const other = { digest: digestOf('54321'), sizeBytes: 5 };
    await expect(blobs.take(file, { expected: digest, written: other })).rejects.toMatchObject({
      code: 'BLOB_DIGEST_MISMATCH',
    });
    const cut = { digest: digestOf('1234'), sizeBytes: 4 };
    expect(await blobs.take(file, { expected: digest, written: cut })).toEqual({
      digest,
      sizeBytes: 5,
    });
    await writeFile(file, 'abcde');
    const written = { digest: digestOf('abcde'), sizeBytes: 5 };
    expect(await blobs.take(file, { written })).toEqual(written);
    expect(Buffer.from(await blobs.bytes(written.digest)).toString()).toBe('abcde');
  });

  it('reads into two buffers by turns, which are small where many read at once', async () => {
    const blobs = new FsBlobs({ directory });
    const { digest } = await blobs.put(Buffer.alloc(3_000_000, 'content '));
    const first = async (): Promise<{ bytes: number; end(): Promise<unknown> }> => {
      const read = blobs.read(digest, undefined, { memory: 'used again' })[Symbol.asyncIterator]();
      const { value } = await read.next();
      return { bytes: value?.length ?? 0, end: async () => read.return?.() };
    };
    const many = await Promise.all(Array.from({ length: 100 }, first));
    const countOf = (size: number): number => many.filter(({ bytes }) => bytes === size).length;
    expect([countOf(512 * 1024), countOf(64 * 1024)]).toEqual([64, 36]);
    await Promise.all(many.map((one) => one.end()));
    const again = await first();
    expect(again.bytes).toBe(512 * 1024);
    await again.end();
    const memory = new Set<ArrayBufferLike>();
    for await (const { buffer } of blobs.read(digest, undefined, { memory: 'used again' }))
      memory.add(buffer);
    expect(memory.size).toBe(2);
  });

  it('refuses a name that is not a digest, so that no path leads outside', async () => {
    const blobs = new FsBlobs({ directory });
    const evil = 'sha256:../../../../etc/passwd' as never;
    expect(() => blobs.path(evil)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
    await expect(blobs.bytes(evil)).rejects.toMatchObject({ code: 'DIGEST_INVALID' });
    await expect(blobs.delete(evil)).rejects.toMatchObject({ code: 'DIGEST_INVALID' });
    await expect(blobs.put(Buffer.from('x'), evil)).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
    });
  });

  it('leaves no temporary file behind, whatever the outcome', async () => {
    const blobs = new FsBlobs({ directory });
    await blobs.put(Buffer.from('kept'));
    await blobs.put(Buffer.from('kept'));
    await expect(blobs.put(Buffer.from('other'), digestOf('expected'))).rejects.toThrow('expected');
    expect(await temporaryFiles()).toEqual([]);
  });

  it('says that the disk is full and leaves nothing behind', async () => {
    // A file size limit of the process is the full disk that a test can make; the kernel says EFBIG.
    const script = `
      import { FsBlobs } from ${JSON.stringify(join(import.meta.dirname, 'fs-blobs.ts'))};
      process.on('SIGXFSZ', () => undefined);
      const blobs = new FsBlobs({ directory: process.argv[1] });
      try { await blobs.put(new Uint8Array(3_000_000)); console.log('stored'); }
      catch (error) { console.log(error.code, '|', error.hint); }`;
    const limited = `ulimit -f 1024; exec "$0" --input-type=module-typescript -e "$1" "$2"`;
    const child = spawn('bash', ['-c', limited, process.execPath, script, directory]);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    expect(output).toMatch(/^BLOB_NO_SPACE \| free or add disk space/);
    expect(await temporaryFiles()).toEqual([]);
  });

  it('sweeps temporary files older than a day at the first write, and no younger ones', async () => {
    const temporary = join(directory, 'temporary');
    await mkdir(temporary, { recursive: true });
    const now = Date.UTC(2026, 0, 10);
    for (const [name, ageHours] of [
      ['old', 25],
      ['young', 23],
    ] as const) {
      await writeFile(join(temporary, name), 'half');
      await utimes(join(temporary, name), now / 1000, now / 1000 - ageHours * 3600);
    }
    await new FsBlobs({ directory, clock: { now: () => now } }).put(Buffer.from('x'));
    expect(await temporaryFiles()).toEqual(['young']);
  });

  it('does not list what is not a blob', async () => {
    const blobs = new FsBlobs({ directory });
    const kept = await blobs.put(Buffer.from('x'));
    await writeFile(join(directory, 'sha256', 'README'), 'hello');
    await mkdir(join(directory, 'sha256', 'zz'));
    await writeFile(join(directory, 'sha256', kept.digest.slice(7, 9), 'strange'), 'hello');
    const listed = [];
    for await (const blob of blobs.list()) listed.push(blob);
    expect(listed).toEqual([kept]);
  });

  it('replaces a blob file that a damaged file system cut short', async () => {
    const blobs = new FsBlobs({ directory });
    const { digest } = await blobs.put(Buffer.from('whole'));
    await writeFile(blobs.path(digest), 'who');
    await blobs.put(Buffer.from('whole'));
    expect(await readFile(blobs.path(digest), 'utf8')).toBe('whole');
  });

  it('shows no half-written blob when the writer is killed in the middle', async () => {
    const script = `
      import { FsBlobs } from ${JSON.stringify(join(import.meta.dirname, 'fs-blobs.ts'))};
      async function* endless() {
        for (let at = 0; ; at += 1) {
          yield new Uint8Array(65536).fill(at);
          if (at === 8) console.log('writing');
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      const blobs = new FsBlobs({ directory: process.argv[1] });
      await blobs.put(new Uint8Array([1, 2, 3]));
      await blobs.put(endless());`;
    const child = spawn(process.execPath, [
      '--input-type=module-typescript',
      '-e',
      script,
      directory,
    ]);
    await once(child.stdout, 'data');
    const written = async (): Promise<number> => {
      const [name] = await temporaryFiles();
      return name === undefined ? 0 : (await stat(join(directory, 'temporary', name))).size;
    };
    // What a writer is given is not on disk at once.
    await vi.waitFor(async () => expect(await written()).toBeGreaterThan(0), 30_000);
    child.kill('SIGKILL');
    await once(child, 'close');
    const blobs = new FsBlobs({ directory });
    const listed = [];
    for await (const blob of blobs.list()) listed.push(blob);
    expect(listed).toEqual([{ digest: digestOf(Uint8Array.of(1, 2, 3)), sizeBytes: 3 }]);
    expect(await temporaryFiles()).toHaveLength(1);
    expect(await written()).toBeGreaterThan(0);
    await new FsBlobs({ directory, clock: { now: () => Date.now() + 2 * 86_400_000 } }).put(
      Buffer.from('x'),
    );
    expect(await temporaryFiles()).toEqual([]);
  });

  const agedMs = 3 * 86_400_000;
  const later = { now: () => Date.now() + agedMs };
  const nobody: CollectRequest = {
    keeps: () => false,
    unusedSince: Date.now() + agedMs,
    dryRun: false,
  };
  const collected = async (blobs: FsBlobs, request = nobody): Promise<string[]> => {
    const digests: string[] = [];
    for await (const { digest } of blobs.collect(request)) digests.push(digest);
    return digests;
  };

  it('serves what a killed collector put aside, brings it back on use, and ends its work', async () => {
    const blobs = new FsBlobs({ directory, clock: later });
    const [used, kept, unused] = await Promise.all(
      ['used', 'kept', 'unused'].map(async (text) => (await blobs.put(Buffer.from(text))).digest),
    );
    await mkdir(join(directory, 'aside'));
    for (const digest of [used!, kept!, unused!]) {
      const aside = join(directory, 'aside', digest.slice(7));
      await rename(blobs.path(digest), aside);
      await utimes(aside, 1, 1);
    }
    expect(await blobs.stat(used!)).toEqual({ digest: used, sizeBytes: 4 });
    expect(Buffer.from(await blobs.bytes(unused!)).toString()).toBe('unused');
    expect(await blobs.touch(used!)).toEqual({ digest: used, sizeBytes: 4 });
    expect(await readFile(blobs.path(used!), 'utf8')).toBe('used');
    const keeps = (digest: string): boolean => digest === kept;
    expect(await collected(blobs, { ...nobody, keeps, dryRun: true })).toEqual([unused]);
    expect(await readdir(join(directory, 'aside'))).toHaveLength(2);
    expect(await collected(blobs, { ...nobody, keeps })).toEqual([unused]);
    expect(await readFile(blobs.path(kept!), 'utf8')).toBe('kept');
    expect(await readdir(join(directory, 'aside'))).toEqual([]);
  });

  it('loses nothing to collectors that are killed, while another process uses it', async () => {
    const module = JSON.stringify(join(import.meta.dirname, 'fs-blobs.ts'));
    const script = `
      import { FsBlobs } from ${module};
      const nowMs = Date.now() + ${agedMs};
      const blobs = new FsBlobs({ directory: process.argv[1], clock: { now: () => nowMs } });
      console.log('collecting');
      for (;;) for await (const _ of blobs.collect({ keeps: () => false, unusedSince: nowMs, dryRun: false }));`;
    const blobs = new FsBlobs({ directory, clock: later });
    const texts = Array.from({ length: 120 }, (_, at) => `blob ${at}`);
    for (let round = 0; round < 3; round += 1) {
      for (const text of texts) {
        const { digest } = await new FsBlobs({ directory }).put(Buffer.from(text));
        await utimes(blobs.path(digest), 1, 1);
      }
      const flags = ['--input-type=module-typescript', '-e', script, directory];
      const child = spawn(process.execPath, flags);
      await once(child.stdout, 'data');
      const used = await Promise.all(
        texts.map(async (text, at) => {
          if (at % 3 === 0) return (await blobs.put(Buffer.from(text))).digest;
          return at % 3 === 1 ? (await blobs.touch(digestOf(text)))?.digest : undefined;
        }),
      );
      child.kill('SIGKILL');
      await once(child, 'close');
      for (const digest of used.filter((one) => one !== undefined))
        expect(digestOf(await blobs.bytes(digest))).toBe(digest);
      await collected(blobs, { ...nobody, keeps: (digest) => used.includes(digest) });
      expect(await readdir(join(directory, 'aside'))).toEqual([]);
      const left = [];
      for await (const { digest } of blobs.list()) left.push(digest);
      expect(left.sort()).toEqual(used.filter((one) => one !== undefined).sort());
    }
  });
});
