import fs from 'node:fs';
import path from 'node:path';
import { KilnError, compareBytes, shorten } from '@kiln/base';
import type { WorkspaceFile } from '@kiln/build';
import { readText } from './recipe-file.ts';

const filesMax = 100_000;
const depthMax = 64;

/**
 * The files of a source directory for a workspace, by default without those that its `.melangeignore` names; in byte order.
 * Symbolic links are followed to files within the directory, except for melange, which leaves them out, and takes a directory
 * that there is not for an empty one.
 * Throws `LOCAL_SOURCE_INVALID`.
 */
export function* sourceFiles(
  directory: string,
  links: 'follow' | 'leave-out',
  which: 'all' | 'not-ignored' = 'not-ignored',
): Generator<WorkspaceFile> {
  if (links === 'leave-out' && !isDirectory(directory)) return;
  const ignored = which === 'all' ? () => false : ignoreRules(directory);
  let count = 0;
  for (const file of walk(fs.realpathSync(directory), '', { links, depth: 0 })) {
    if (ignored(file.path)) continue;
    count += 1;
    if (count > filesMax)
      throw invalid(`more than ${filesMax} files in "${shorten(directory, 200)}"`);
    yield file;
  }
}

/** Whether there is a regular file of that name, or a link to one. */
export function isFile(name: string): boolean {
  return fs.statSync(name, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether there is a directory of that name. */
export function isDirectory(name: string): boolean {
  return name !== '' && fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

interface Walk {
  readonly links: 'follow' | 'leave-out';
  readonly depth: number;
}

function* walk(root: string, folder: string, options: Walk): Generator<WorkspaceFile> {
  if (options.depth > depthMax)
    throw invalid(`folders are nested too deeply: "${shorten(folder)}"`);
  const names = fs.readdirSync(path.join(root, folder)).sort(compareBytes);
  for (const name of names) {
    const relative = folder === '' ? name : `${folder}/${name}`;
    const file = path.join(root, relative);
    const found = fs.lstatSync(file);
    if (found.isDirectory()) yield* walk(root, relative, { ...options, depth: options.depth + 1 });
    else if (found.isFile()) yield workspaceFile(relative, file, found);
    else if (found.isSymbolicLink() && options.links === 'follow') {
      const target = insideOf(root, file);
      if (target !== undefined) yield workspaceFile(relative, target, fs.statSync(target));
    }
  }
}

function workspaceFile(relative: string, file: string, { mode }: fs.Stats): WorkspaceFile {
  return { path: relative, mode: mode & 0o777, content: bytesOf(file) };
}

/** Opened when it is read: there may be more files than a process may have open, and some are left out. */
async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  yield* fs.createReadStream(file) as AsyncIterable<Buffer>;
}

/** Where a link leads, when that is a file within the root. */
function insideOf(root: string, link: string): string | undefined {
  let target: string;
  try {
    target = fs.realpathSync(link);
  } catch {
    throw invalid(`"${shorten(path.relative(root, link), 200)}" leads nowhere`);
  }
  if (!target.startsWith(`${root}${path.sep}`))
    throw invalid(`"${shorten(path.relative(root, link), 200)}" leads out of the directory`);
  return fs.statSync(target).isFile() ? target : undefined;
}

/**
 * `.melangeignore` as melange reads it (packages.md, 0.13): a pattern without a slash matches at any depth, one with a
 * slash from the root; `dir/` matches no file, and `!` brings nothing back.
 */
function ignoreRules(directory: string): (relative: string) => boolean {
  const file = path.join(directory, '.melangeignore');
  if (!fs.existsSync(file)) return () => false;
  const rules = readText(file)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[#!]/.test(line) && !line.endsWith('/'))
    .map(ruleOf);
  return (relative) => rules.some((rule) => rule.test(relative));
}

function ruleOf(pattern: string): RegExp {
  const anchored = pattern.replace(/^\//, '');
  const source = anchored.replace(/\*\*\/?|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : `\\${part}`;
  });
  return new RegExp(pattern.includes('/') ? `^${source}$` : `(?:^|/)${source}$`);
}

function invalid(message: string): KilnError {
  return new KilnError('LOCAL_SOURCE_INVALID', message, {
    hint: 'the source directory holds patches and other small files of the recipe',
  });
}
