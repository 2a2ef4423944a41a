export type { GroupEntry, PasswdEntry } from './accounts.ts';
export { parseGroup, parsePasswd } from './accounts.ts';
export type { AssembledTree, AssembleInput } from './assemble.ts';
export { assemble, configure } from './assemble.ts';
export type { BaseImage } from './base-image.ts';
export { parseInstalledDatabase } from './base-image.ts';
export { readText } from './content.ts';
export type { EnvironmentInput } from './environment.ts';
export { buildAccounts, environmentTree } from './environment.ts';
export type { AssemblyDialect } from './failure.ts';
export { FileTree } from './file-tree.ts';
export type { ImageDocument, ImageInput, IndexInput } from './image.ts';
export { imageOf, indexOf } from './image.ts';
export type { ImageUser } from './image-user.ts';
export { imageUser } from './image-user.ts';
export { layerGroups } from './layer-groups.ts';
export type { CompressionName, LayerCompression, LayerSegment } from './compression.ts';
export { gzipLayers, layerCompressions, zstdLayers } from './compression.ts';
export type { ImageLayer } from './layered.ts';
export { imageLayers, layerBudgetDefault } from './layered.ts';
export { PlannedTree } from './planned-tree.ts';
export type { FinishedTree, OrderedEntry, TreeMember } from './layer.ts';
export { layerTar, treeEntries, treeMembers } from './layer.ts';
export { layerArchive, layerPieces, pieceContent } from './layer-pieces.ts';
export { layerPlan } from './layer-plan.ts';
export type { PackageData } from './layer-pieces.ts';
export type { LayerRun, RunPiece, RunRead } from './layer-runs.ts';
export { RunBuffers } from './layer-runs.ts';
export type { PackageSegmentsOptions } from './package-segments.ts';
export { makePackageSegments } from './package-segments.ts';
export type { SegmentCache } from './segment-cache.ts';
export { segmentKey } from './segment-cache.ts';
export type { ContentSum, ContentSums } from './content-sum.ts';
export type { MadeSegments, SegmentMaker } from './segment-maker.ts';
export type { KnownLayers, StoreLayerOptions, StoredLayer } from './store-layer.ts';
export { storeLayer } from './store-layer.ts';
export type { DeviceNode, DirectoryNode, FileNode, SymlinkNode, TreeNode } from './node.ts';
export type { InstalledTree, InstalledTreeInput } from './installed-tree.ts';
export { installTree } from './installed-tree.ts';
export type { InstalledRecords } from './installed-database.ts';
export type { NamedPackage } from './open-named.ts';
export { openAs, openNamed } from './open-named.ts';
export type {
  DataMember,
  FilePlace,
  PackageContents,
  PackageOpener,
  StoredPart,
} from './package-contents.ts';
export type { BillCache } from './bill-cache.ts';
export { MemoryBillCache } from './bill-cache.ts';
export type { SbomOfImageInput } from './image-bill.ts';
export { imageFacts, sbomOfImage } from './image-bill.ts';
export type { BilledPackage, PackageBill } from './package-bill.ts';
export { packageBill } from './package-bill.ts';
