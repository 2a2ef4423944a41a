import { writeSync } from 'node:fs';
import { systemClock } from '@kiln/base';
import type { BlobStat, CollectRequest } from '@kiln/blobs';
import { FsBlobs, PackedBlobs } from '@kiln/blobs-fs';
import { PostgresPackIndex, PostgresRetention, connect, socketDirectoryOf } from '@kiln/postgres';
import { retentionDefault, sweep } from '@kiln/retention';

/*
 * A process of its own that sweeps a home again and again until it is killed: `node sweeper.ts HOME BLOBS`. It writes a
 * character when a sweep begins, when it begins to collect, for each blob that is gone, and at the end.
 */

class TellingBlobs extends PackedBlobs {
  override async *collect(request: CollectRequest): AsyncIterable<BlobStat> {
    writeSync(1, 'c');
    for await (const blob of super.collect(request)) {
      writeSync(1, '.');
      yield blob;
    }
  }
}

const [home = '', directory = ''] = process.argv.slice(2);
const database = connect({ socketDirectory: socketDirectoryOf(home) });
const ports = {
  records: new PostgresRetention(database),
  blobs: new TellingBlobs({
    files: new FsBlobs({ directory }),
    index: new PostgresPackIndex({ database }),
  }),
  others: { bySha512: () => Promise.resolve(undefined), async *texts() {} },
  clock: systemClock,
};
for (;;) {
  writeSync(1, 's');
  // The lock of one that was killed goes when PostgreSQL notices that its connection did.
  await sweep(ports, { policy: retentionDefault, dryRun: false }).catch((error: unknown) => {
    if ((error as { readonly code?: string }).code !== 'RETENTION_BUSY') throw error;
  });
}
