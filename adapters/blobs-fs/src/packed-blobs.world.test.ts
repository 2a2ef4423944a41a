import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@kiln/base';
import { systemClock } from '@kiln/base';
import { MemoryPackIndex } from '@kiln/blobs';
import { blobStoreConformance, collectableBlobsConformance } from '@kiln/blobs/conformance';
import { blobPacksConformance } from '@kiln/blobs/pack-conformance';
import { FsBlobs } from './fs-blobs.ts';
import { PackedBlobs } from './packed-blobs.ts';

async function make(clock: Clock = systemClock) {
  const directory = await mkdtemp(join(tmpdir(), 'kiln-packs-'));
  const files = new FsBlobs({ directory, clock });
  return {
    store: new PackedBlobs({ files, index: new MemoryPackIndex(), clock }),
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

blobStoreConformance(make);
collectableBlobsConformance(make);
blobPacksConformance(make);
