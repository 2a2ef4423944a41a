export type { Architecture, Libc } from './architecture.ts';
export { architectureOf, architectures, goNameOf } from './architecture.ts';
export type { CompileOptions } from './compile.ts';
export { compileRecipe } from './compile.ts';
export type {
  CompiledRecipe,
  CompiledStep,
  CompiledSubpackage,
  CompiledTest,
  SourceReference,
} from './compiled.ts';
export { evaluateCondition } from './condition.ts';
export { compiledDocument } from './document.ts';
export type { ParseRecipeOptions, PipelineDefinition } from './parse.ts';
export { defaultVariables, parsePipelineDefinition, parseRecipe } from './parse.ts';
export type {
  Copyright,
  Dependencies,
  Environment,
  HardeningCheck,
  HardeningException,
  Input,
  OriginFacts,
  PackageFacts,
  PackageOptions,
  Recipe,
  ScriptletName,
  Scriptlets,
  Step,
  Subpackage,
  TestBlock,
} from './recipe.ts';
export { fullVersionOf } from './recipe.ts';
export type { Variables } from './substitute.ts';
export { substitute, substituteKnown } from './substitute.ts';
