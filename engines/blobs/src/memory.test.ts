import { blobStoreConformance, collectableBlobsConformance } from './conformance.ts';
import { MemoryPackIndex } from './memory-pack-index.ts';
import { MemoryBlobs } from './memory.ts';
import { blobPacksConformance } from './pack-conformance.ts';
import { packIndexConformance } from './pack-index-conformance.ts';

for (const conformance of [blobStoreConformance, collectableBlobsConformance])
  conformance((clock) => ({ store: new MemoryBlobs({ clock }) }));
blobPacksConformance((clock) => ({ store: new MemoryBlobs({ clock }) }));
packIndexConformance(() => ({ index: new MemoryPackIndex() }));
