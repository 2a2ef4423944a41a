export type { ImageReconcilerPorts, RootCache } from './reconcile.ts';
export { imageReconciler } from './reconcile.ts';
