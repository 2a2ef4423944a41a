export { apkoDocument, printApkoJson } from './apko-json.ts';
export type { Architecture } from './architecture.ts';
export { architectureOf, architectures, canonicalArch } from './architecture.ts';
export { imageConfigYaml } from './config-yaml.ts';
export {
  completeImageConfig,
  lockImageConfig,
  lockedPackages,
  serviceSupervisorPackage,
} from './lock.ts';
export type {
  LockFile,
  LockedKey,
  LockedPackage,
  LockedRepository,
  LockedSection,
} from './lock-file.ts';
export { lockFileBytesMax, parseLockFile, printLockFile } from './lock-file.ts';
export { mergeImageConfig, overlayImageConfig } from './merge.ts';
export { isServiceName } from './buildable.ts';
export { certificateDer, pemBlocks } from './certificate.ts';
export { rsaKeyFault } from './go-certificate.ts';
export { checkImageConfig, parseImageConfig } from './parse.ts';
export { imageConfigSchema } from './schema.ts';
export type {
  Accounts,
  Certificates,
  ConfigDialect,
  Contents,
  Entrypoint,
  Group,
  ImageConfig,
  Layering,
  NamedText,
  PathMutation,
  User,
} from './types.ts';
export { emptyImageConfig } from './types.ts';
export type { ConfigProblem } from './config-problem.ts';
export { buildProblems, problems } from './validate.ts';
export { shownUrl } from './shown-url.ts';
export { splitWords } from './words.ts';
export { worldEntryName, worldEntryProblem } from './world-entry.ts';
