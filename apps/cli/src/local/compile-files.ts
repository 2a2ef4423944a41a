import fs from 'node:fs';
import path from 'node:path';
import type { Architecture } from '@kiln/recipe';
import { appliesTo, printCompiled } from '@kiln/recipe';
import { folderPlace } from '../folder-place.ts';
import { describeError } from '../report.ts';
import { localCompiler } from './compile.ts';
import { pipelineFinder } from './pipelines.ts';
import { readRecipeFile, type RecipeFileOptions } from './recipe-file.ts';
import { mapOnThreads } from './threads.ts';

export interface CompileFilesOptions extends RecipeFileOptions {
  readonly architectures: readonly Architecture[];
  readonly pipelineFolders: readonly string[];
  /** Where `ARCH/NAME.json` goes; undefined: the printed form is part of the result. */
  readonly out: string | undefined;
}

/** What became of one recipe for one architecture. */
export type CompiledFile = { readonly file: string; readonly arch: Architecture } & (
  | { readonly kind: 'compiled'; readonly written: string | undefined; readonly text: string }
  | { readonly kind: 'skip' }
  | { readonly kind: 'failed'; readonly error: string }
);

/** Compiles one recipe for each architecture; what is wrong with it is part of the result. */
export function fileCompiler(
  options: CompileFilesOptions,
): (file: string) => readonly CompiledFile[] {
  const compiler = localCompiler(pipelineFinder(options.pipelineFolders));
  return (file) => {
    const each = (make: (arch: Architecture) => CompiledFile): readonly CompiledFile[] =>
      options.architectures.map((arch) => {
        try {
          return make(arch);
        } catch (error) {
          return { file, arch, kind: 'failed', error: describeError(error) };
        }
      });
    try {
      const recipe = readRecipeFile(file, options);
      // What every architecture has in common, when that is all.
      let common: string | undefined;
      const textFor = (arch: Architecture): string => {
        if (common !== undefined) return common;
        const compiled = compiler.compile(recipe, arch);
        const text = `${printCompiled(compiled)}\n`;
        if (!compiled.readsArchitecture) common = text;
        return text;
      };
      return each((arch) => {
        if (!appliesTo(recipe.package.targetArchitectures, arch))
          return { file, arch, kind: 'skip' };
        const text = textFor(arch);
        if (options.out === undefined)
          return { file, arch, kind: 'compiled', written: undefined, text };
        const written = path.join(options.out, arch, `${recipe.package.name}.json`);
        fs.writeFileSync(written, text);
        return { file, arch, kind: 'compiled', written, text: '' };
      });
    } catch (error) {
      return each(() => {
        throw error;
      });
    }
  };
}

/** Below this many recipes a second thread costs more than it gives. */
const filesOfThreadMin = 48;
/** Recipes handed to a thread at a time. */
const batchSize = 16;

/**
 * Compiles many recipes, on as many threads as are worth it; results come in the order of the files.
 * `onProgress` gets the number of recipes that are done.
 */
export async function compileFiles(
  files: readonly string[],
  options: CompileFilesOptions,
  threads: number,
  onProgress: (done: number) => void,
): Promise<readonly CompiledFile[]> {
  if (options.out !== undefined)
    for (const arch of options.architectures)
      fs.mkdirSync(folderPlace(path.join(options.out, arch)), { recursive: true });
  const wanted = Math.min(threads, Math.floor(files.length / filesOfThreadMin));
  if (wanted < 2) {
    const compile = fileCompiler(options);
    return files.flatMap((file, index) => {
      const results = compile(file);
      onProgress(index + 1);
      return results;
    });
  }
  const results = await mapOnThreads<string, readonly CompiledFile[]>({
    script: new URL('./compile-thread.ts', import.meta.url),
    workerData: options,
    items: files,
    threads: wanted,
    batchSize,
    onProgress,
  });
  return results.flat();
}
