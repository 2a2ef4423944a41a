export type { ArchivedImage } from './docker-archive.ts';
export { archivedConfigName, archivedLayerName, printArchiveManifest } from './docker-archive.ts';
export type { EnvironmentVariable } from './environment.ts';
export { environmentVariables } from './environment.ts';
export type { GoJsonOptions, GoJsonValue } from './go-json.ts';
export { goJson, goMap } from './go-json.ts';
export { layoutBlobPath, layoutMarker } from './layout.ts';
export { isIndexMediaType, isManifestMediaType, mediaTypes } from './media-types.ts';
export { foldedName } from './member-names.ts';
export type { ManifestDocument } from './parse.ts';
export {
  documentBytesMax,
  parseConfig,
  parseIndex,
  parseManifest,
  parseManifestDocument,
  parseStoredDocument,
} from './parse.ts';
export { printConfig, printIndex, printManifest } from './print.ts';
export type { Reference } from './reference.ts';
export { isRepositoryName, isTag, parseReference, printReference } from './reference.ts';
export { descriptorOf, emptyBytes, emptyDescriptor, referrerDescriptor } from './referrer.ts';
export type {
  Annotations,
  Config,
  Descriptor,
  History,
  Index,
  Manifest,
  Platform,
  RuntimeConfig,
} from './types.ts';
