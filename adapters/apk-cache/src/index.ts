export type { ExpandedPackagesOptions } from './expanded-packages.ts';
export { ExpandedPackages } from './expanded-packages.ts';
