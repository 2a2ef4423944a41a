export { testReconciler } from './reconcile.ts';
export type { TestReconcilerPorts } from './ports.ts';
