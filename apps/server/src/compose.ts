import path from 'node:path';
import type { BlobPacks, BlobStore } from '@kiln/blobs';
import { FsBlobs, PackedBlobs } from '@kiln/blobs-fs';
import type { Clock, Digest, Logger } from '@kiln/base';
import { systemClock, systemRandom } from '@kiln/base';
import type { ComponentIndex, FactoryRecords, RegistryState } from '@kiln/factory';
import { SignerClient } from '@kiln/keys-file';
import {
  PostgresComponentIndex,
  PostgresPackIndex,
  PostgresQueue,
  PostgresRecords,
  PostgresRegistryState,
  PostgresRetention,
  connect,
  socketDirectoryOf,
} from '@kiln/postgres';
import type { RetentionRecords } from '@kiln/retention';
import type { SigningLedger } from '@kiln/trust';
import type { Place } from './place.ts';

/** The parts that every process of a factory shares. */
export interface Factory extends AsyncDisposable {
  readonly blobs: PackedBlobs;
  /** Those of the blobs that are files of their own: where they are, local tools can read them. */
  readonly files: FsBlobs;
  readonly queue: PostgresQueue;
  readonly records: FactoryRecords;
  readonly registry: RegistryState;
  readonly components: ComponentIndex;
  readonly retention: RetentionRecords;
  readonly signer: SignerClient;
  readonly clock: Clock;
}

/** Opens the database and the blobs of a factory. */
export function openFactory(place: Place, log: Logger, name: string): Factory {
  const clock = systemClock;
  const database = connect(
    { socketDirectory: socketDirectoryOf(place.home) },
    { applicationName: `kiln ${name}`, logger: log },
  );
  const queue = new PostgresQueue({ db: database, clock, random: systemRandom });
  const files = new FsBlobs({ directory: place.blobs, owner: name });
  return {
    blobs: new PackedBlobs({ files, index: new PostgresPackIndex({ database }) }),
    files,
    queue,
    records: new PostgresRecords({ database, queue, clock }),
    registry: new PostgresRegistryState({ database, clock }),
    components: new PostgresComponentIndex(database),
    retention: new PostgresRetention(database),
    signer: new SignerClient({ socketPath: path.join(place.signerSocket) }),
    clock,
    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

/** What the signer asks, answered from the factory's records. */
export function signingLedger(
  records: FactoryRecords,
  blobs: BlobStore & Pick<BlobPacks, 'lookUp'>,
): SigningLedger {
  const read = (digest: Digest): Promise<Uint8Array> => blobs.bytes(digest, 64 * 1024 * 1024);
  return {
    isRecordedControl: (digest) => records.inLedger('control', digest),
    isRecordedIndex: (digest) => records.inLedger('index', digest),
    recordedStatement: async (digest) =>
      (await records.inLedger('statement', digest)) ? read(digest) : undefined,
    recordedStatements: async (digests) => {
      const recorded = await records.ledgerOf('statement', digests);
      await blobs.lookUp([...recorded]);
      return new Map([...recorded].map((digest) => [digest, () => read(digest)]));
    },
  };
}
