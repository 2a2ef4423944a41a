export { addressVariables } from './address-variables.ts';
export type { Architecture, Libc } from './architecture.ts';
export { appliesTo, architectureOf, architectures, goNameOf } from './architecture.ts';
export type {
  BumpChange,
  BumpFetch,
  BumpPlan,
  BumpRemark,
  BumpRequest,
  DigestAlgorithm,
} from './bump.ts';
export { applyBump, digestChanges, planBump } from './bump.ts';
export { capabilityBits } from './capability.ts';
export type { CompileOptions } from './compile.ts';
export { compileRecipe } from './compile.ts';
export type {
  ArchiveSource,
  CherryPick,
  CompiledRecipe,
  CompiledStep,
  CompiledSubpackage,
  CompiledTest,
  GitCheckout,
  GitSource,
  SourcePlace,
  SourceReference,
} from './compiled.ts';
export { evaluateCondition } from './condition.ts';
export type { DecodedRecipe, DecodeRecipeOptions, PipelineDefinition } from './decode.ts';
export { decodeRecipe, parsePipelineDefinition } from './decode.ts';
export { compiledDocument, printCompiled } from './document.ts';
export { parseEnvFile } from './env-file.ts';
export type { ExpandOptions } from './expand.ts';
export { defaultVariables, expandRecipe } from './expand.ts';
export { recipeJsonSchema } from './json-schema.ts';
export type { ParseRecipeOptions } from './parse.ts';
export { parseRecipe } from './parse.ts';
export type {
  Acknowledgement,
  BuildOption,
  Copyright,
  Dependencies,
  FileCapability,
  HardeningCheck,
  HardeningException,
  Input,
  OriginFacts,
  PackageFacts,
  PackageOptions,
  Recipe,
  RecipeDialect,
  ScriptletName,
  Scriptlets,
  Step,
  Subpackage,
  TestBlock,
  Update,
  VarTransform,
} from './recipe.ts';
export { fullVersionOf, priorityOf } from './recipe.ts';
export type { CopyrightEntry } from './copyright-edit.ts';
export { withCopyright } from './copyright-edit.ts';
export type { SourceDescriptor } from './sources.ts';
export {
  gitCheckoutOf,
  requirePinnedSources,
  sourceDescriptor,
  sourcesOfSteps,
} from './sources.ts';
export type { Variables } from './substitute.ts';
export { quoteForCondition, substitute, substituteKnown } from './substitute.ts';
