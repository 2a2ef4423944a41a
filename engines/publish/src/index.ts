export type {
  ComposedImage,
  ComposedManifest,
  ComposedStatement,
  StatementPart,
  StatementSegment,
} from './composed-image.ts';
export type { PublishOptions, PublishPorts, PublishedImage } from './publish-images.ts';
export { publishImages } from './publish-images.ts';
export type { SegmentStore } from './statement-segments.ts';
export { composeStatement, storeSegments, storeStatementSegments } from './statement-segments.ts';
