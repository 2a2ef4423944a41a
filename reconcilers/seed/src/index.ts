export type { SeedReconcilerPorts } from './reconcile.ts';
export { seedReconciler, seedRepository } from './reconcile.ts';
