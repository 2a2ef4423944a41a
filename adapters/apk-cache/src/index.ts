export type { ExpandedPackagesOptions } from './expanded-packages.ts';
export { ExpandedPackages } from './expanded-packages.ts';
export type { UnpackedPackagesOptions } from './unpacked-packages.ts';
export { UnpackedPackages } from './unpacked-packages.ts';
