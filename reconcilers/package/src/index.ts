export type { PackageReconcilerPorts } from './ports.ts';
export { packageReconciler } from './reconcile.ts';
