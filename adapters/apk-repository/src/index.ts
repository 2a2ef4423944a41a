export type { ApkRepositoryOptions, PublicKey } from './apk-repository.ts';
export { apkRepository } from './apk-repository.ts';
