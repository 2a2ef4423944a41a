export type { PackageReconcilerPorts } from './ports.ts';
export { packageReconciler } from './reconcile.ts';
export type { PublishedApk, SegmentsAheadOptions } from './segments-ahead.ts';
export { SegmentsAhead } from './segments-ahead.ts';
