export type { PackageRelations, RelationsRequest } from './analyse.ts';
export { analyseTrees, packagesOf, relationsOf } from './analyse.ts';
export type { ElfFiles } from './analysis/elf-files.ts';
export type {
  LibraryProvider,
  LibraryVersions,
  LibraryVersionsRequest,
} from './analysis/library-versions.ts';
export { libraryVersions } from './analysis/library-versions.ts';
export { explainActions } from './why.ts';
export type { GeneratedRelations } from './analysis/relations.ts';
export type { AnalysedTree, Dialect } from './analysis/subject.ts';
export type { BuildRequest, UnfinishedBuild } from './build.ts';
export { build } from './build.ts';
export type { BuildTraces, ComparedEntry, DifferenceKind, EntryDifference } from './compare.ts';
export { compareEntries, contentBytesMax } from './compare.ts';
export { compilerFiles } from './compiler-files.ts';
export { cpeOf } from './cpe.ts';
export type { CapabilityGrants, GrantedTree } from './capabilities.ts';
export { capabilityAttribute, capabilityAttributeName, withCapabilities } from './capabilities.ts';
export { continuesAfter, debugShell } from './debug-shell.ts';
export type { EmitRequest, EmittedPackage, JoinRequest } from './emit.ts';
export { emitPackage, joinPackage } from './emit.ts';
export type {
  GitFetchRequest,
  GitMirror,
  GitMirrors,
  GitSources,
  RequestedCheckout,
} from './git-sources.ts';
export type { HardeningReport } from './hardening.ts';
export { checkHardening } from './hardening.ts';
export { licenseExpression } from './licences.ts';
export type { BuildLogLine } from './log.ts';
export { LineSplitter } from './log.ts';
export type {
  BuildFailure,
  BuildFailureCode,
  BuildOutcome,
  BuildReport,
  HardeningViolation,
} from './outcome.ts';
export { showsOutput } from './outcome.ts';
export type { BuildPlan, LockedPackage, Owners, PlanInputs, SideFile } from './plan.ts';
export { actionDigest, actionInputs, planBuild, recipeDocument } from './plan.ts';
export type { KeepContent, KeptContent } from './package-tree.ts';
export { keepInMemory, treeOfPackage } from './package-tree.ts';
export type {
  NetworkObserver,
  NetworkRecord,
  NetworkRecords,
  ObserveRequest,
  ObservedAnswer,
  ObservedNetwork,
  ObservedRequest,
} from './network.ts';
export { networkDependencies, networkRecord, parseNetworkRecord, requestKey } from './network.ts';
export type { Mount, Relay, Sandbox, SandboxRequest, SandboxResult } from './sandbox.ts';
export { baseEnvironment, stepScript, workspaceMount } from './script.ts';
export { placed } from './placed.ts';
export type { BuildProgress, Resumption } from './progress.ts';
export { parseProgress, progressOf, resumeFrom } from './progress.ts';
export type { FetchedSource, SourceFetcher, SourceMirror, SourceRequest } from './sources.ts';
export type { FailedStep, StepIdentity, StepRunner, StepsRequest, StepsResult } from './steps.ts';
export { buildIdentity, guestUser, runSteps } from './steps.ts';
export type { TestPackageOutcome, TestPackageRequest } from './test-package.ts';
export { testPackage } from './test-package.ts';
export type { TestPlan } from './test-plan.ts';
export { testActionDigest } from './test-plan.ts';
export type { FileEntry, PackageTree, ResolveOptions } from './tree.ts';
export { collectTree, fileAt, makeTree, resolveFile } from './tree.ts';
export type {
  TreeEntry,
  TreeEntryFacts,
  Workspace,
  WorkspaceFile,
  WorkspaceFiles,
  WorkspacePort,
} from './workspace.ts';
