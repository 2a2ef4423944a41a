import { MemoryRegistryState } from './memory-registry-state.ts';
import { registryStateConformance } from './registry-conformance.ts';

registryStateConformance((clock) => ({ state: new MemoryRegistryState({ clock }) }));
