export type { IndexReconcilerPorts } from './reconcile.ts';
export { indexReconciler } from './reconcile.ts';
