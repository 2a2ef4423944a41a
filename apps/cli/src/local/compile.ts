import type {
  Architecture,
  CompileOptions,
  CompiledRecipe,
  PipelineDefinition,
  Recipe,
} from '@kiln/recipe';
import { compileRecipe } from '@kiln/recipe';
import { openShellPrinter } from '@kiln/shell-printer';

export interface LocalCompiler {
  compile(
    recipe: Recipe,
    arch: Architecture,
    more?: Pick<CompileOptions, 'libc' | 'subpackageConditions'>,
  ): CompiledRecipe;
}

/** Compiles recipes with the pipelines of folders, scripts printed anew. */
export function localCompiler(
  pipelines: (name: string) => PipelineDefinition | undefined,
): LocalCompiler {
  const printer = openShellPrinter();
  return {
    compile: (recipe, arch, more) =>
      compileRecipe({
        ...more,
        recipe,
        arch,
        pipelines,
        printScript: (script) => printer.print(script),
      }),
  };
}
