import { basename, extname } from 'node:path/posix';
import { compareBytes } from '@kiln/base';
import type { PackageTree } from '@kiln/build';
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
    .map((name) => (dialect === 'melange' ? cutAsMelange(name) : (name.split('.')[0] ?? '')))
    .filter((name) => name !== '');
  const packages = [...new Set(names)].map((name) => JSON.stringify(name)).sort(compareBytes);
  if (packages.length < 2) return undefined;
  return {
    message: `multiple Python packages detected: ${packages.length} found (${packages.join(', ')})`,
    details: { count: packages.length, packages },
  };
};

/** The length of the extension is what is left of the name, instead of what is cut off. */
function cutAsMelange(name: string): string {
  const cut = extension(name);
  return cut === '' ? name : name.slice(0, cut.length);
}

/** From the last dot on, of a name that begins with a dot, too. */
function extension(name: string): string {
  return extname(`x${name}`);
}
