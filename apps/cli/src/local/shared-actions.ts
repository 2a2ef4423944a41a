import {
  checksumOf,
  readControl,
  signControl,
  signatureSegment,
  splitSignatures,
  verifySignatures,
  type Keyring,
} from '@kiln/apk';
import type { SigningKey } from '@kiln/apk-files';
import {
  KilnError,
  collect,
  concatBytes,
  digestOf,
  hexOf,
  isDigest,
  messageOf,
  type Digest,
} from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { EmittedPackage } from '@kiln/build';
import { gunzipBytes, gzipBytes } from '@kiln/gzip';
import { fileEntry, readTar, tarBytes } from '@kiln/tar';
import type { CacheContent, CachePlace } from './cache-place.ts';

const version = 1;
const entryBytesMax = 4 * 1024 * 1024;
const controlBytesMax = 64 * 1024 * 1024;
const dataBytesMax = 64 * 1024 ** 3;
const packagesMax = 10_000;
const entryFile = 'action.json';

/** What a shared record says: which bytes an action came to. Everything else is read from the bytes. */
interface SharedAction {
  readonly version: number;
  /** In the record too, so that nobody can give it another name. */
  readonly action: Digest;
  readonly packages: readonly SharedPackage[];
}

interface SharedPackage {
  readonly control: Digest;
  readonly data: { readonly digest: Digest; readonly sizeBytes: number };
}

export interface SharedActionsOptions {
  /** Asked in their order. */
  readonly from: readonly CachePlace[];
  readonly to: readonly CachePlace[];
  /** Signs what is offered; there is one where `to` is not empty. */
  readonly key: SigningKey | undefined;
  /** Whose records are believed. */
  readonly keyring: Keyring;
  /** The dates of archives, in seconds since 1970. */
  readonly mtimeSeconds?: number;
  /** Told of a place that does not answer and of a record that is not used: no reason to fail a build. */
  onTrouble(error: KilnError): void;
}

/**
 * Results of builds that machines share: `actions/<action>.tar.gz`, a record that is signed as packages are, and the
 * segments of packages as `blobs/<sha256>`. A place is not trusted: a record counts when a key of the keyring signed it
 * and it names the action, a segment when it has the digest that the record names. What does not count is as good as none.
 */
export class SharedActions {
  readonly #options: SharedActionsOptions;

  constructor(options: SharedActionsOptions) {
    this.#options = options;
  }

  /** The packages of an action, their segments in `blobs`; undefined when no place has what counts. */
  async fetch(action: Digest, blobs: BlobStore): Promise<readonly EmittedPackage[] | undefined> {
    for (const place of this.#options.from) {
      const found = await this.#quietly(place, () => this.#fetchFrom(place, action, blobs));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Puts a result where it is not yet: segments first, so that a record never names what is not there. */
  async offer(
    action: Digest,
    packages: readonly EmittedPackage[],
    blobs: BlobStore,
  ): Promise<void> {
    for (const place of this.#options.to)
      await this.#quietly(place, () => this.#offerTo(place, { action, packages, blobs }));
  }

  async #quietly<T>(place: CachePlace, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#options.onTrouble(
        error instanceof KilnError && error.code === 'CACHE_UNREACHABLE'
          ? error
          : new KilnError('CACHE_ENTRY_INVALID', `cache ${place.shown}: ${messageOf(error)}`, {
              hint: 'the result is not used, and is made anew',
              cause: error,
            }),
      );
      return undefined;
    }
  }

  async #fetchFrom(
    place: CachePlace,
    action: Digest,
    blobs: BlobStore,
  ): Promise<readonly EmittedPackage[] | undefined> {
    const content = await place.read(recordName(action));
    if (content === undefined) return undefined;
    const bytes = await collect(content, entryBytesMax, () => invalid('a record is too large'));
    const { signatures, rest } = await splitSignatures(bytes);
    verifySignatures(signatures, rest, this.#options.keyring);
    const shared = await parseShared(rest, action);
    const packages: EmittedPackage[] = [];
    for (const one of shared.packages) packages.push(await fetchPackage(place, one, blobs));
    return packages;
  }

  async #offerTo(place: CachePlace, { action, packages, blobs }: Offered): Promise<void> {
    const { key, mtimeSeconds = 0 } = this.#options;
    if (key === undefined || (await place.has(recordName(action)))) return;
    for (const { control, controlDigest, data } of packages) {
      await offerBlob(place, controlDigest, bytesOf(control));
      await offerBlob(place, data.digest, {
        sizeBytes: data.sizeBytes,
        read: () => blobs.read(data.digest),
      });
    }
    const archive = printShared({
      version,
      action,
      packages: packages.map(({ controlDigest, data: { digest, sizeBytes } }) => ({
        control: controlDigest,
        data: { digest, sizeBytes },
      })),
    });
    const signature = signatureSegment({
      keyName: key.keyName,
      signature: signControl(archive, key.pem),
      mtimeSeconds,
    });
    await place.write(recordName(action), bytesOf(concatBytes([signature, archive])));
  }
}

interface Offered {
  readonly action: Digest;
  readonly packages: readonly EmittedPackage[];
  readonly blobs: BlobStore;
}

function recordName(action: Digest): string {
  return `actions/${hexOf(action)}.tar.gz`;
}

function bytesOf(bytes: Uint8Array): CacheContent {
  return {
    sizeBytes: bytes.length,
    read: async function* () {
      yield bytes;
    },
  };
}

async function offerBlob(place: CachePlace, digest: Digest, content: CacheContent): Promise<void> {
  const name = `blobs/${hexOf(digest)}`;
  if (!(await place.has(name))) await place.write(name, content);
}

function printShared(shared: SharedAction): Uint8Array {
  const content = Buffer.from(JSON.stringify(shared));
  return gzipBytes(tarBytes([{ entry: fileEntry(entryFile, content.length), content }]));
}

async function parseShared(archive: Uint8Array, action: Digest): Promise<SharedAction> {
  const tar = gunzipBytes(archive, { outputBytesMax: entryBytesMax });
  for await (const { entry, content } of readTar(tar)) {
    if (entry.path !== entryFile) continue;
    const bytes =
      content instanceof Uint8Array
        ? content
        : await collect(content, entryBytesMax, () => invalid('a record is too large'));
    const shared = JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
    if (!isShared(shared)) throw invalid('a record of another form');
    if (shared.action !== action) throw invalid(`a record of the action ${shared.action}`);
    return shared;
  }
  throw invalid(`a record without ${entryFile}`);
}

function isShared(value: unknown): value is SharedAction {
  const shared = value as Partial<SharedAction> | null;
  return (
    shared?.version === version &&
    typeof shared.action === 'string' &&
    Array.isArray(shared.packages) &&
    shared.packages.length <= packagesMax &&
    shared.packages.every(isSharedPackage)
  );
}

function isSharedPackage(value: unknown): value is SharedPackage {
  const one = value as Partial<SharedPackage> | null;
  const sizeBytes = one?.data?.sizeBytes;
  return (
    isDigest(String(one?.control)) &&
    isDigest(String(one?.data?.digest)) &&
    Number.isSafeInteger(sizeBytes) &&
    Number(sizeBytes) >= 0 &&
    Number(sizeBytes) <= dataBytesMax
  );
}

/** Takes both segments, each by its digest, and reads what the package is from the control segment. */
async function fetchPackage(
  place: CachePlace,
  { control: controlDigest, data }: SharedPackage,
  blobs: BlobStore,
): Promise<EmittedPackage> {
  await fetchBlob(place, { digest: controlDigest, sizeBytesMax: controlBytesMax }, blobs);
  const control = await blobs.bytes(controlDigest, controlBytesMax);
  if (digestOf(control) !== controlDigest) throw invalid(`a damaged blob ${controlDigest}`);
  const { info } = await readControl(control);
  if (info.dataHash !== hexOf(data.digest))
    throw invalid(`${info.name} with the data of another package`);
  const fileName = `${info.name}-${info.version}.apk`;
  if (!/^[A-Za-z0-9_][A-Za-z0-9._+~-]{0,250}\.apk$/.test(fileName))
    throw invalid('a package whose name is none of a file');
  await fetchBlob(place, { digest: data.digest, sizeBytesMax: data.sizeBytes }, blobs);
  const { name, version: packageVersion } = info;
  const checksum = checksumOf(control);
  return { name, version: packageVersion, fileName, info, control, controlDigest, checksum, data };
}

interface WantedBlob {
  readonly digest: Digest;
  readonly sizeBytesMax: number;
}

async function fetchBlob(
  place: CachePlace,
  { digest, sizeBytesMax }: WantedBlob,
  blobs: BlobStore,
): Promise<void> {
  if ((await blobs.stat(digest)) !== undefined) return;
  const content = await place.read(`blobs/${hexOf(digest)}`);
  if (content === undefined) throw invalid(`a record whose blob ${digest} is gone`);
  async function* bounded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > sizeBytesMax) throw invalid(`a blob that is larger than ${sizeBytesMax} bytes`);
      yield chunk;
    }
  }
  await blobs.put(bounded(content), digest);
}

function invalid(what: string): KilnError {
  return new KilnError('CACHE_ENTRY_INVALID', what);
}
