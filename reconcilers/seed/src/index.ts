export type { SeedBuilder } from './attest.ts';
export type { SeedReconcilerPorts } from './reconcile.ts';
export { seedReconciler, seedRepository } from './reconcile.ts';
