export { IMAGE_PUBLIC_FILE, createKeys, openKeys } from './key-files.ts';
export type { KeyDirectories } from './key-files.ts';
