import { blobStoreConformance } from './conformance.ts';
import { MemoryBlobs } from './memory.ts';

blobStoreConformance(() => ({ store: new MemoryBlobs() }));
