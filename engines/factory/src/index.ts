export type { AttestPorts } from './attest-packages.ts';
export { attestPackages, unattested } from './attest-packages.ts';
export type { AttemptLog, AttemptLogs } from './attempt-logs.ts';
export { explain } from './attempt-logs.ts';
export { provenanceOf, provenanceSuffix } from './attestations.ts';
export type {
  Bundle,
  CatalogSettings,
  ImageBundle,
  IndexBundle,
  PackageBundle,
  SeedBundle,
  SideFile,
  TestBundle,
  TestGuest,
} from './bundle.ts';
export { namespaceOf, parseCatalogDocument } from './bundle.ts';
export { neededBy, neededFor } from './needed.ts';
export type {
  CatalogFile,
  CatalogSource,
  DesiredCatalog,
  LastGood,
  ReadCatalogs,
} from './catalog.ts';
export { readCatalogs } from './catalog.ts';
export type {
  EnvironmentCache,
  EnvironmentLock,
  EnvironmentPackage,
  EnvironmentPorts,
  EnvironmentRequest,
} from './environment.ts';
export { environmentRoot, lockEnvironment } from './environment.ts';
export { solveLock } from './solve-lock.ts';
export type {
  LockInputs,
  LockMemoLimits,
  LockPorts,
  LockedPackage,
  SolvedLock,
} from './lock-memo.ts';
export { LockMemo } from './lock-memo.ts';
export type { GenerationReader, ServedGeneration } from './generations.ts';
export { generationReader } from './generations.ts';
export type { ImageTest, ImageTestStep } from './image-test.ts';
export { parseImageTest } from './image-test.ts';
export type {
  ComponentIndex,
  ComponentVersion,
  ImageWithComponent,
  ImagesWithPage,
  ImagesWithRequest,
} from './component-index.ts';
export type { ParsedKey } from './keys.ts';
export { imageKey, indexKey, packageKey, parseKey, seedKey, testKey } from './keys.ts';
export type { Look } from './line.ts';
export {
  KeyWriter,
  allPresent,
  lookAt,
  packagesOf,
  passedTests,
  pendingOf,
  readBundle,
} from './line.ts';
export { diskFull, passes } from './trouble.ts';
export { eachReferrer } from './each-referrer.ts';
export type { ReferrersWanted } from './each-referrer.ts';
export { MemoryRegistryState } from './memory-registry-state.ts';
export type { HeldResults } from './held-results.ts';
export { heldResults } from './held-results.ts';
export type { PipelineText, RecipeFacts, TestFacts } from './recipe-facts.ts';
export { RecipeFactsReader, nameOfAtom, pipelineReader } from './recipe-facts.ts';
export type {
  ActionResult,
  Attachment,
  BuiltPackage,
  CatalogProblem,
  Dependant,
  Desired,
  FactoryRecords,
  Generation,
  GenerationHead,
  ImagePackage,
  ImageResult,
  KeyKind,
  KeyState,
  KeyStatus,
  LedgerEntry,
  PackageAttestation,
  PackageFinding,
  PackageResult,
  ResolvedInput,
  TestResult,
  TestRun,
} from './records.ts';
export { planPublications } from './publication-plan.ts';
export type { PlannedMove, PublicationPlan, ShownBefore } from './publication-plan.ts';
export { contentUnknown, tagTargetUnknown } from './registry-errors.ts';
export type {
  BlobLink,
  Component,
  ImageComponents,
  PageRequest,
  Publication,
  RegistryManifest,
  RegistryState,
  RegistryTag,
  RepositorySummary,
  SummariesRequest,
  TagEvent,
  TagExpectation,
  TagHistoryRequest,
  TagMove,
} from './registry-state.ts';
