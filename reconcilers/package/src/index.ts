export type { EnvironmentPackage } from './lock.ts';
export type { EnvironmentCache, PackageReconcilerPorts } from './ports.ts';
export { packageReconciler } from './reconcile.ts';
