export type { DebianArchive, DownloadProgress, OpenDeb } from './archive.ts';
export { apkVersion } from './apk-version.ts';
export { Closure } from './closure.ts';
export type {
  PackageChanges,
  SeedAddition,
  SeedAlias,
  SeedBase,
  SeedDefinition,
} from './definition.ts';
export { addToSeed, parseSeed, parseSeedAddition } from './definition.ts';
export type { MakeSeedRequest, SeedStage } from './make.ts';
export { makeSeed, stageText } from './make.ts';
export type { DebianOrigin, WrapContext, WrappedPackage } from './wrap.ts';
export { wrapDeb, wrapGenerated } from './wrap.ts';
