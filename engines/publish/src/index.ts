export type {
  ComposedImage,
  ComposedManifest,
  ComposedStatement,
  StatementPart,
  StatementSegment,
} from './composed-image.ts';
export type { PublishOptions, PublishPorts, PublishedImage } from './publish-images.ts';
export { publishImages } from './publish-images.ts';
export { composeStatement, storeSegments, storeStatementSegments } from './statement-segments.ts';
export type { ComposedStore } from './store-composed.ts';
export { storeComposed } from './store-composed.ts';
