export { capabilityNames } from './capability-names.ts';
export type { LinterDescription, LinterName, Severity } from './catalogue.ts';
export { catalogue, isLinterName, linterNames } from './catalogue.ts';
export type { DuplicateInfo, Finding, LintDetails, LintFacts, PermissionInfo } from './finding.ts';
export type { LicenceDifference, LicenceText } from './licence-check.ts';
export { checkLicences, licencePaths } from './licence-check.ts';
export type { LicenceClass } from './licence-classify.ts';
export { classifyLicence } from './licence-classify.ts';
export { licenceFiles, licenceWeight } from './licence-files.ts';
export type { LicenceObligations } from './licence-obligations.ts';
export { obligationsOf } from './licence-obligations.ts';
export type {
  DetectedLicence,
  KnownLicences,
  LicenceReport,
  LicenceReportLine,
} from './licence-report.ts';
export { licenceReport } from './licence-report.ts';
export type { LintBuildRequest } from './lint-build.ts';
export { lintBuild } from './lint-build.ts';
export type { LintRequest } from './lint.ts';
export { lintTree } from './lint.ts';
export type {
  FileChange,
  PackageDiff,
  RelationChange,
  RelationKind,
  WholePackage,
} from './package-diff.ts';
export { diffPackages } from './package-diff.ts';
export type { PackageFileRequest } from './package-file.ts';
export { lintPackageFile } from './package-file.ts';
export { recipeVersionIn } from './package-recipe.ts';
export type { LintPolicy, PackagePolicyRequest, PolicyRequest } from './policy.ts';
export { defaultPolicy, lintPolicy, packagePolicies } from './policy.ts';
export type { LintReport, PackageLintRequest } from './report.ts';
export { findingLines, itemsOf, lintPackage, lintResultsFile, printLintResults } from './report.ts';
export type {
  ReleaseDiff,
  ReleaseDiffRequest,
  ReleasedFile,
  ReleasedPackage,
  ReleaseFinding,
  ReleaseFindingKind,
} from './release-diff.ts';
export { diffRelease, releasedFiles } from './release-diff.ts';
export { releasedPackage, releasedRecipe, wholePackage } from './release-file.ts';
