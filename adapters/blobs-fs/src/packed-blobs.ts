import { join } from 'node:path';
import type { Clock, Digest, Random } from '@kiln/base';
import { RecentlyUsed, concatBytes, systemClock, systemRandom } from '@kiln/base';
import type {
  BlobPacks,
  BlobStat,
  ByteRange,
  CollectRequest,
  CollectableBlobs,
  ComposedBlob,
  PackIndex,
  PackPlace,
  PackedBlob,
  ReadBlobOptions,
} from '@kiln/blobs';
import {
  DigestSet,
  blobBytesLimitDefault,
  blobTooLarge,
  blobUnknown,
  checkPackLimits,
  clampRange,
  segmentInvalid,
  touchEveryMs,
} from '@kiln/blobs';
import type { FsBlobs, TakeOptions } from './fs-blobs.ts';
import { PackFiles } from './pack-files.ts';
import type { FoundBlob } from './pack-reader.ts';
import { PackReader } from './pack-reader.ts';
import type { PackedPart } from './pack-record.ts';
import { partSizeBytes } from './pack-record.ts';

export interface PackedBlobsOptions {
  /** The blobs that are files; packs lie beside them in `packs/`. */
  readonly files: FsBlobs;
  readonly index: PackIndex;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Segments up to this size are kept in memory when a blob that has them is read. */
const segmentBytesMax = 256 * 1024;
/** What one chunk of a streamed read holds at least, but for the last. */
const chunkBytes = 64 * 1024;
const segmentCacheBytes = 64 * 1024 * 1024;
const placesMax = 100_000;
const segmentsCheckedMax = 200_000;
const listedAtOnce = 500;

/**
 * Blobs as files, and beside them packs of blobs that were stored together, many of them as lists of segments of others.
 *
 * `putMany` writes one pack, durably, and then adds it to the index: that is the commit point. A process killed before it
 * leaves a pack that nobody finds; `open` removes such packs when they are a day old. Deleting takes an entry out of the
 * index; a pack without entries is removed. Several processes may share the directory and the index.
 *
 * A use of a packed blob is a use of its pack, which the index knows, and of the blobs that it has segments of. The index
 * removes no entry of a pack that was used, so that a use either comes before and saves it, or finds it gone.
 */
export class PackedBlobs implements CollectableBlobs, BlobPacks {
  readonly #files: FsBlobs;
  readonly #index: PackIndex;
  readonly #clock: Clock;
  readonly #packs: PackFiles;
  readonly #reader: PackReader;
  readonly #segments = new RecentlyUsed<Digest, Uint8Array>({
    bytesMax: segmentCacheBytes,
    entryBytesMax: segmentCacheBytes / 8,
  });
  /** Each counts as one byte. */
  readonly #places = new RecentlyUsed<Digest, PackPlace>({ bytesMax: placesMax });
  readonly #checked = new RecentlyUsed<string, true>({ bytesMax: segmentsCheckedMax });
  /** When this process used segments' blobs last. */
  readonly #touched = new RecentlyUsed<Digest, number>({ bytesMax: segmentsCheckedMax });

  constructor(options: PackedBlobsOptions) {
    this.#files = options.files;
    this.#index = options.index;
    this.#clock = options.clock ?? systemClock;
    this.#packs = new PackFiles({
      directory: join(options.files.directory, 'packs'),
      clock: this.#clock,
      random: options.random ?? systemRandom,
    });
    this.#reader = new PackReader(this.#packs);
  }

  /** Takes the directory up: removes what killed writers left. */
  async open(): Promise<void> {
    await this.#files.open();
    const old: string[] = [];
    for await (const name of this.#packs.old()) old.push(name);
    for (let at = 0; at < old.length; at += listedAtOnce) {
      const names = old.slice(at, at + listedAtOnce);
      const known = await this.#index.known(names);
      for (const name of names) if (!known.has(name)) await this.#packs.remove(name);
    }
  }

  async putMany(blobs: readonly ComposedBlob[]): Promise<void> {
    checkPackLimits(blobs);
    const unique = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
    await this.#useSegments(unique);
    await this.#checkSegments(unique);
    await this.#index.use(
      unique.map(({ digest }) => digest),
      this.#clock.now(),
    );
    const known = await this.#find(unique.map(({ digest }) => digest));
    const fresh = unique.filter(({ digest }) => !known.has(digest));
    if (fresh.length === 0) return;
    const pack = await this.#packs.write(fresh);
    const digests = fresh.map(({ digest }) => digest);
    await this.#index.add(pack, digests, this.#clock.now());
    for (const [entry, digest] of digests.entries()) this.#places.set(digest, { pack, entry }, 1);
  }

  async lookUp(digests: readonly Digest[]): Promise<void> {
    await this.#find(digests);
  }

  async references(digest: Digest): Promise<readonly Digest[]> {
    const found = await this.#packed(digest);
    if (found === undefined) {
      if ((await this.#files.stat(digest)) === undefined) throw blobUnknown(digest);
      return [];
    }
    return segmentsOf(await this.#reader.parts(found));
  }

  async stat(digest: Digest): Promise<BlobStat | undefined> {
    const found = await this.#packed(digest);
    if (found === undefined) return this.#files.stat(digest);
    return { digest, sizeBytes: found.entry.sizeBytes };
  }

  async touch(digest: Digest): Promise<BlobStat | undefined> {
    const file = await this.#files.touch(digest);
    if (file !== undefined) return file;
    const found = await this.#usePacked(digest);
    if (found === undefined) return undefined;
    // They lie one deep: a damaged pack may say otherwise, and lead in a circle.
    for (const blob of segmentsOf(await this.#reader.parts(found))) {
      const isThere = (await this.#files.touch(blob)) ?? (await this.#usePacked(blob));
      if (isThere === undefined) return undefined;
    }
    return { digest, sizeBytes: found.entry.sizeBytes };
  }

  async #usePacked(digest: Digest): Promise<FoundBlob | undefined> {
    await this.#index.use([digest], this.#clock.now());
    // Not from memory: a collector may have been faster.
    return (await this.#find([digest])).get(digest);
  }

  async *read(
    digest: Digest,
    range?: ByteRange,
    options?: ReadBlobOptions,
  ): AsyncIterable<Uint8Array> {
    const found = await this.#packed(digest);
    if (found === undefined) yield* this.#files.read(digest, range, options);
    else yield* this.#stream(found, clampRange(range, found.entry.sizeBytes));
  }

  async bytes(digest: Digest, limitBytes: number = blobBytesLimitDefault): Promise<Uint8Array> {
    const found = await this.#packed(digest);
    if (found === undefined) return this.#files.bytes(digest, limitBytes);
    const { sizeBytes } = found.entry;
    if (sizeBytes > limitBytes) throw blobTooLarge(digest, sizeBytes, limitBytes);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#pieces(found, { start: 0, end: sizeBytes })) chunks.push(chunk);
    return concatBytes(chunks);
  }

  put(source: Uint8Array | AsyncIterable<Uint8Array>, expected?: Digest): Promise<BlobStat> {
    return this.#files.put(source, expected);
  }

  /** As `FsBlobs.take`. */
  take(file: string, options?: TakeOptions): Promise<BlobStat> {
    return this.#files.take(file, options);
  }

  async delete(digest: Digest): Promise<boolean> {
    const wasFile = await this.#files.delete(digest);
    const places = (await this.#index.find([digest])).get(digest) ?? [];
    const found = await Promise.all(places.map((place) => this.#reader.entry(place)));
    const packed = found.flatMap((one) => (one?.entry.digest === digest ? [one.place] : []));
    this.#places.delete(digest);
    this.#segments.delete(digest);
    for (const pack of await this.#index.remove(packed.map((place) => ({ ...place, digest })))) {
      this.#reader.forget(pack);
      await this.#packs.remove(pack);
    }
    return wasFile || packed.length > 0;
  }

  /** The bytes of packed blobs are told as none: the disk gets them back with the last entry of their pack. */
  async *collect(request: CollectRequest): AsyncIterable<BlobStat> {
    const held = await this.#segmentsOfStaying(request);
    const keeps = (digest: Digest): boolean => request.keeps(digest) || held.has(digest);
    for await (const places of inGroups(this.#index.list())) {
      const { going } = await this.#sorted(places, { ...request, keeps });
      for (const { digest } of request.dryRun ? going : await this.#collected(going, request))
        yield { digest, sizeBytes: 0 };
    }
    yield* this.#files.collect({ ...request, keeps });
  }

  /** What the blobs that stay in packs have segments of, and perhaps what others of their packs do. */
  async #segmentsOfStaying(request: CollectRequest): Promise<DigestSet> {
    const held = new DigestSet();
    for await (const places of inGroups(this.#index.list())) {
      const { staying } = await this.#sorted(places, request);
      const heads = new Set(staying.map(({ head }) => head));
      for (const { segments } of heads) for (const digest of segments) held.add(digest);
    }
    return held;
  }

  async #sorted(
    places: readonly PackPlace[],
    { keeps, unusedSince }: CollectRequest,
  ): Promise<{ readonly staying: readonly FoundBlob[]; readonly going: readonly PackedBlob[] }> {
    const usedAt = await this.#index.usedAt([...new Set(places.map(({ pack }) => pack))]);
    const staying: FoundBlob[] = [];
    const going: PackedBlob[] = [];
    for (const place of places) {
      const found = await this.#reader.entry(place);
      if (found === undefined) continue;
      const { digest } = found.entry;
      if (keeps(digest) || (usedAt.get(place.pack) ?? unusedSince) >= unusedSince)
        staying.push(found);
      else going.push({ ...place, digest });
    }
    return { staying, going };
  }

  async #collected(
    going: readonly PackedBlob[],
    { unusedSince }: CollectRequest,
  ): Promise<readonly PackedBlob[]> {
    const { removed, emptied } = await this.#index.collect(going, unusedSince);
    for (const { digest } of removed) {
      this.#places.delete(digest);
      this.#segments.delete(digest);
    }
    for (const pack of emptied) {
      this.#reader.forget(pack);
      await this.#packs.remove(pack);
    }
    return removed;
  }

  async *list(): AsyncIterable<BlobStat> {
    for await (const places of inGroups(this.#index.list())) yield* await this.#listed(places);
    for await (const files of inGroups(this.#files.list())) yield* await this.#unpacked(files);
  }

  /** What is at these places, but for what is found elsewhere first: two writers may have stored one blob at once. */
  async #listed(places: readonly PackPlace[]): Promise<readonly BlobStat[]> {
    const there: FoundBlob[] = [];
    for (const place of places) {
      const found = await this.#reader.entry(place);
      if (found !== undefined) there.push(found);
    }
    const first = await this.#find(there.map(({ entry }) => entry.digest));
    return there.flatMap(({ place, entry: { digest, sizeBytes } }) => {
      const at = first.get(digest)?.place;
      return at?.pack === place.pack && at.entry === place.entry ? [{ digest, sizeBytes }] : [];
    });
  }

  /** Those of these files that are not listed from a pack. */
  async #unpacked(files: readonly BlobStat[]): Promise<readonly BlobStat[]> {
    const packed = await this.#find(files.map(({ digest }) => digest));
    return files.filter(({ digest }) => !packed.has(digest));
  }

  /** Where a blob is in a pack; undefined when it is not, or is a file as well. */
  async #packed(digest: Digest): Promise<FoundBlob | undefined> {
    if (this.#places.get(digest) === undefined && (await this.#files.stat(digest)) !== undefined)
      return undefined;
    return this.#inPacks(digest);
  }

  async #inPacks(digest: Digest): Promise<FoundBlob | undefined> {
    const remembered = this.#places.get(digest);
    const found = remembered && (await this.#reader.entry(remembered));
    if (found?.entry.digest === digest) return found;
    return (await this.#find([digest])).get(digest);
  }

  /** Asks the index, and the packs whether it is so. */
  async #find(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, FoundBlob>> {
    const found = new Map<Digest, FoundBlob>();
    if (digests.length === 0) return found;
    for (const [digest, places] of await this.#index.find(digests)) {
      for (const place of places) {
        const at = await this.#reader.entry(place);
        if (at?.entry.digest !== digest) continue;
        found.set(digest, at);
        this.#places.set(digest, place, 1);
        break;
      }
    }
    return found;
  }

  /** Chunks of a useful size, copied. */
  async *#stream(found: FoundBlob, range: ByteRange): AsyncIterable<Uint8Array> {
    let gathered: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const piece of this.#pieces(found, range)) {
      gathered.push(piece);
      sizeBytes += piece.length;
      if (sizeBytes < chunkBytes) continue;
      yield concatBytes(gathered);
      gathered = [];
      sizeBytes = 0;
    }
    if (sizeBytes > 0) yield concatBytes(gathered);
  }

  /** The bytes of a range, in the pieces in which they are held: not to be changed. */
  async *#pieces(found: FoundBlob, { start, end }: ByteRange): AsyncIterable<Uint8Array> {
    let at = 0;
    for (const part of await this.#reader.parts(found)) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, partSizeBytes(part));
      at += partSizeBytes(part);
      if (from >= to) continue;
      if (part instanceof Uint8Array) yield part.subarray(from, to);
      else yield* this.#segment(part.blob, { start: part.start + from, end: part.start + to });
    }
  }

  /** A range of a blob that is stored as bytes. Throws `BLOB_SEGMENT_INVALID` when it has fewer. */
  async *#segment(blob: Digest, range: ByteRange): AsyncIterable<Uint8Array> {
    const held = this.#segments.get(blob);
    if (held !== undefined) {
      requireWithin(range, blob, held.length);
      yield held.subarray(range.start, range.end);
      return;
    }
    const found = await this.#packed(blob);
    const sizeBytes = found?.entry.sizeBytes ?? (await this.#files.stat(blob))?.sizeBytes;
    if (sizeBytes === undefined) throw blobUnknown(blob);
    requireWithin(range, blob, sizeBytes);
    if (found === undefined && sizeBytes > segmentBytesMax) {
      yield* this.#files.read(blob, range);
      return;
    }
    const bytes =
      found === undefined ? await this.#files.bytes(blob) : await this.#reader.inlineBytes(found);
    this.#segments.set(blob, bytes, bytes.length);
    yield bytes.subarray(range.start, range.end);
  }

  /** What is composed of a blob keeps it from now on. Throws `BLOB_SEGMENT_INVALID` when it is gone. */
  async #useSegments(blobs: readonly ComposedBlob[]): Promise<void> {
    const now = this.#clock.now();
    for (const part of blobs.flatMap(({ parts }) => parts)) {
      if (part instanceof Uint8Array) continue;
      const touchedAt = this.#touched.get(part.blob);
      if (touchedAt !== undefined && touchedAt > now - touchEveryMs) continue;
      if ((await this.touch(part.blob)) === undefined)
        throw segmentInvalid(part, part.blob, 'no such blob');
      this.#touched.set(part.blob, now, 1);
    }
  }

  async #checkSegments(blobs: readonly ComposedBlob[]): Promise<void> {
    for (const { parts } of blobs) {
      for (const part of parts) {
        if (part instanceof Uint8Array) continue;
        const key = `${part.blob} ${part.start}-${part.end}`;
        if (this.#checked.get(key) !== undefined) continue;
        await this.#checkSegment(part.blob, part, part.bytes);
        this.#checked.set(key, true, 1);
      }
    }
  }

  /** Throws `BLOB_SEGMENT_INVALID` unless the blob is stored as bytes and has these in the range. */
  async #checkSegment(blob: Digest, range: ByteRange, bytes: Uint8Array): Promise<void> {
    const found = await this.#packed(blob);
    const sizeBytes = found?.entry.sizeBytes ?? (await this.#files.stat(blob))?.sizeBytes;
    if (sizeBytes === undefined) throw segmentInvalid(range, blob, 'no such blob');
    if (found !== undefined && (await this.references(blob)).length > 0)
      throw segmentInvalid(range, blob, 'the blob is composed itself');
    const { start, end } = clampRange(range, sizeBytes);
    let at = 0;
    if (end - start === bytes.length) {
      for await (const chunk of this.#segment(blob, { start, end })) {
        if (Buffer.compare(chunk, bytes.subarray(at, at + chunk.length)) !== 0) break;
        at += chunk.length;
      }
    }
    if (at !== bytes.length || end !== range.end)
      throw segmentInvalid(range, blob, 'other bytes are stored');
  }
}

/** The blobs that parts are segments of, each once. */
function segmentsOf(parts: readonly PackedPart[]): readonly Digest[] {
  return [...new Set(parts.flatMap((part) => (part instanceof Uint8Array ? [] : [part.blob])))];
}

function requireWithin(range: ByteRange, blob: Digest, sizeBytes: number): void {
  if (range.end > sizeBytes)
    throw segmentInvalid(range, blob, `the blob has only ${sizeBytes} bytes`);
}

async function* inGroups<T>(source: AsyncIterable<T>): AsyncIterable<readonly T[]> {
  let group: T[] = [];
  for await (const item of source) {
    group.push(item);
    if (group.length < listedAtOnce) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
