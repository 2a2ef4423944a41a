import { blobStoreConformance } from './conformance.ts';
import { MemoryPackIndex } from './memory-pack-index.ts';
import { MemoryBlobs } from './memory.ts';
import { blobPacksConformance } from './pack-conformance.ts';
import { packIndexConformance } from './pack-index-conformance.ts';

blobStoreConformance(() => ({ store: new MemoryBlobs() }));
blobPacksConformance(() => ({ store: new MemoryBlobs() }));
packIndexConformance(() => ({ index: new MemoryPackIndex() }));
