import { basename } from 'node:path/posix';
import { compareBytes } from '@kiln/base';
import type { PackageTree } from '@kiln/build';
import { quoteForCondition } from '@kiln/recipe';
import { extension } from './extension.ts';
import type { Complaint, Linter } from './finding.ts';

/** What lies directly in the one directory of modules; a package with several is told so. */
function modulesOf(tree: PackageTree): readonly string[] | Complaint {
  const pythons = tree.entries.filter(({ path }) => /^usr\/lib\/python3\.[^/]*$/.test(path));
  if (pythons.length > 1)
    return { message: `more than one Python version detected: ${pythons.length} found` };
  return tree.entries
    .filter(({ path }) => /^usr\/lib\/python3\.[^/]*\/site-packages\/[^/]+$/.test(path))
    .map(({ path }) => basename(path));
}

function directoryLinter(names: readonly string[], message: string): Linter {
  return ({ tree }) => {
    const modules = modulesOf(tree);
    if ('message' in modules) return modules;
    return modules.some((name) => names.includes(name)) ? { message } : undefined;
  };
}

const documents = ['doc', 'docs'];
const tests = ['test', 'tests'];

export const pythonDocs: Linter = directoryLinter(
  documents,
  'docs directory encountered in Python site-packages directory',
);

export const pythonTest: Linter = directoryLinter(
  tests,
  'tests directory encountered in Python site-packages directory',
);

const metadata = ['.egg-info', '.dist-info', '.pth'];

/** Several modules: perhaps more was installed than the package is about. */
export const pythonMultiple: Linter = ({ tree, dialect }) => {
  const modules = modulesOf(tree);
  if ('message' in modules) return modules;
  const names = modules
    .filter((name) => !name.startsWith('_') && ![...tests, ...documents].includes(name))
    .filter((name) => !metadata.includes(extension(name)))
    .map((name) => (dialect === 'melange' ? cutAsMelange(name) : plainCut(name)))
    .filter((name) => name !== '""');
  const packages = [...new Set(names)].sort(compareBytes);
  if (packages.length < 2) return undefined;
  return {
    message: `multiple Python packages detected: ${packages.length} found (${packages.join(', ')})`,
    details: { count: packages.length, packages },
  };
};

function plainCut(name: string): string {
  return JSON.stringify(name.split('.')[0] ?? '');
}

/**
 * The length of the extension is what is left of the name, instead of what is cut off: both in bytes, and of a letter that is
 * cut the bytes are told.
 */
function cutAsMelange(name: string): string {
  const bytes = Buffer.from(name);
  const left = bytes.subarray(0, Buffer.byteLength(extension(name)) || bytes.length);
  const text = new TextDecoder().decode(left, { stream: true });
  const rest = left.subarray(Buffer.byteLength(text));
  return `${quoteForCondition(text).slice(0, -1)}${[...rest].map((byte) => `\\x${byte.toString(16)}`).join('')}"`;
}
