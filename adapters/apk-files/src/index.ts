export { atFile, noFolderOf } from './file-errors.ts';
export { kindOfFile } from './file-kind.ts';
export type { MergeIndexOptions, WriteIndexOptions } from './index-file.ts';
export {
  isSignedIndexFile,
  mergeIntoIndexFile,
  readIndexFile,
  signIndexFile,
  writeIndexFile,
} from './index-file.ts';
export type { IndexPackagesOptions, IndexedPackage, IndexedPackages } from './index-packages.ts';
export { indexPackages } from './index-packages.ts';
export { KeptFiles } from './kept-files.ts';
export type { PackageHead } from './package-file.ts';
export { fileBytes, readPackageFile } from './package-file.ts';
export type { SignedFile } from './package-sign.ts';
export { signPackageFile } from './package-sign.ts';
export type { ByteSource, ReplaceFileOptions, WritingFolder } from './replace-file.ts';
export { replaceFile } from './replace-file.ts';
export type { GenerateKeyOptions, GeneratedKey, SigningKey } from './signing-key.ts';
export { generateKeyFiles, keyBitsMax, keyBitsMin, readSigningKey } from './signing-key.ts';
