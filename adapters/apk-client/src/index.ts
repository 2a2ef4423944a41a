export type { ApkClientOptions } from './client.ts';
export { ApkClient } from './client.ts';
export type { DiscoveredKey } from './key-discovery.ts';
export type { ReadIndexes } from './indexes.ts';
export type { ClientLimits } from './limits.ts';
export { defaultClientLimits } from './limits.ts';
export type { CheckedPackage, PackageSection } from './package-check.ts';
