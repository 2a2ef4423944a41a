export type { ArchiveSource } from './archive-source.ts';
export { parseSourcesFile, parseSourcesList } from './archive-source.ts';
export type { BinaryPackage, IndexedPackage, SourceFile, SourcePackage } from './package-stanza.ts';
export { binaryPackage, indexedPackage, sourcePackage } from './package-stanza.ts';
export type { RelatedPackage, Relation } from './relations.ts';
export { parseRelations } from './relations.ts';
export type { Stanza, StanzaLimits } from './stanza.ts';
export { defaultStanzaLimits, field, parseStanzas, readStanzas } from './stanza.ts';
