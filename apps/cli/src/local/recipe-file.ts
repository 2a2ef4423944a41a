import { isUtf8 } from 'node:buffer';
import { KilnError, shorten } from '@kiln/base';
import type { ExpandOptions, Recipe, RecipeDialect } from '@kiln/recipe';
import { parseEnvFile, parseRecipe } from '@kiln/recipe';
import { decodeYaml, text } from '@kiln/yaml';
import { z } from 'zod';
import { readBoundedFile } from '../bounded-file.ts';

export interface RecipeFileOptions {
  readonly dialect: RecipeDialect;
  readonly commit: string;
  /** Paths; the first file to define a variable wins. */
  readonly environmentFiles?: readonly string[];
  readonly varsFile?: string | undefined;
  readonly buildOptions?: readonly string[];
  readonly resources?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number | undefined;
}

/** Reads and expands a recipe with what the command line adds. Throws as `readBytes` and what parsing throws. */
export function readRecipeFile(file: string, options: RecipeFileOptions): Recipe {
  const bytes = readBytes(file);
  if (options.dialect === 'melange' && !isUtf8(bytes))
    throw new KilnError('LOCAL_FILE_UNREADABLE', `"${shorten(file, 200)}" is no UTF-8`);
  return recipeOfText(bytes.toString('utf8'), file, options);
}

/** As `readRecipeFile`, for a recipe that was read. */
export function recipeOfText(source: string, file: string, options: RecipeFileOptions): Recipe {
  const expand: ExpandOptions = {
    dialect: options.dialect,
    commit: options.commit,
    environmentFiles: (options.environmentFiles ?? []).map((name) =>
      parseEnvFile(readText(name), name),
    ),
    varsFile: options.varsFile === undefined ? {} : readVarsFile(options.varsFile, options.dialect),
    buildOptions: options.buildOptions ?? [],
    resources: options.resources ?? {},
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  };
  return parseRecipe(source, { file, ...expand });
}

function readVarsFile(file: string, dialect: RecipeDialect): Readonly<Record<string, string>> {
  const source = readText(file);
  const melange = dialect === 'melange';
  if (melange && /^(?:[ \t]*(?:#.*)?\r?\n)*[ \t]*(?:#.*)?$/.test(source))
    throw new KilnError('LOCAL_FILE_UNREADABLE', `nothing is in "${shorten(file, 200)}"`);
  return decodeYaml(source, {
    file,
    schema: z.record(z.string(), text()),
    ...(melange ? { form: 'go', furtherDocuments: 'ignore' } : {}),
  });
}

/** The text of a file that a person named. Throws as `readBytes`. */
export function readText(file: string): string {
  return readBytes(file).toString('utf8');
}

/** What a recipe or an index may have; the parsers have limits of their own. */
const bytesMax = 256 * 2 ** 20;

/** As `readText`, the bytes. Throws `LOCAL_FILE_NOT_FOUND`, `LOCAL_FILE_UNREADABLE` and `LOCAL_FILE_TOO_LARGE`. */
export function readBytes(file: string): Buffer {
  try {
    return readBoundedFile(file, bytesMax);
  } catch (error) {
    throw unreadableFile(file, error);
  }
}

/** Why a file that a person named could not be read: it is not there, it is a folder, or what the system says. */
export function unreadableFile(file: string, error: unknown): KilnError {
  if (error instanceof KilnError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const name = `"${shorten(file, 200)}"`;
  if (code === 'ENOENT')
    return new KilnError('LOCAL_FILE_NOT_FOUND', `there is no file ${name}`, {
      hint: 'check its name, and the folder that you are in',
    });
  if (code === 'EISDIR')
    return new KilnError('LOCAL_FILE_UNREADABLE', `${name} is a folder`, {
      hint: 'name a file in it',
    });
  return new KilnError('LOCAL_FILE_UNREADABLE', `cannot read ${name}`, {
    hint: 'check who may read it',
    cause: error,
  });
}
