import { assemblyError } from './failure.ts';
import type { DirectoryNode, TreeNode } from './node.ts';

/** Links that are followed on the way of one path. */
const hopsMax = 40;

/** Where a path leads in a tree. */
export type Walk =
  | { readonly kind: 'found'; readonly node: TreeNode; readonly path: string }
  | {
      readonly kind: 'missing';
      readonly parent: DirectoryNode;
      /** Of the parent, without links. */
      readonly parentPath: string;
      readonly name: string;
      readonly isLast: boolean;
    };

/** A path taken apart: the directory that an entry is in, and its name there. */
export interface Place {
  readonly parent: string;
  readonly name: string;
}

/** How a tree reads paths. All throw `ASSEMBLE_PATH_INVALID`. */
export interface PathRules {
  /** Where a path leads, all links followed. */
  walk(root: DirectoryNode, path: string): Walk;
  /** The same of a file that is to be written. */
  walkToWrite(root: DirectoryNode, path: string): Walk;
  place(path: string): Place;
  /** The path that takes the place of one, up to and with a component that is missing, which is to be made. */
  walkToMake(root: DirectoryNode, path: string): Walk;
}

const uncleanPattern = /(?:^|\/)\.?(?:\/|$)/;

/** A path without leading, trailing and doubled slashes, and without components `.`. */
export function clean(path: string): string {
  // Most are.
  if (!uncleanPattern.test(path)) return path;
  return path
    .split('/')
    .filter((component) => component !== '' && component !== '.')
    .join('/');
}

/** As a kernel reads them: `..` leads to the directory above, a link counts from where it stands. */
export const kernelRules: PathRules = {
  walk: walkAsKernel,
  walkToWrite: walkAsKernel,
  walkToMake: walkAsKernel,
  place(path) {
    const cleaned = clean(path);
    const slash = cleaned.lastIndexOf('/');
    const name = cleaned.slice(slash + 1);
    if (name === '' || name === '..')
      throw assemblyError('ASSEMBLE_PATH_INVALID', path, 'names no entry');
    return { parent: cleaned.slice(0, Math.max(slash, 0)), name };
  },
};

function walkAsKernel(root: DirectoryNode, path: string): Walk {
  const pending = path.split('/').reverse();
  const stack: { readonly name: string; readonly node: DirectoryNode }[] = [];
  let hops = 0;
  let last: { name: string; node: TreeNode } | undefined;
  for (let component = pending.pop(); component !== undefined; component = pending.pop()) {
    if (component === '' || component === '.') continue;
    if (component === '..') {
      if (last === undefined) stack.pop();
      last = undefined;
      continue;
    }
    if (last !== undefined)
      throw assemblyError('ASSEMBLE_PATH_INVALID', path, `"${last.name}" is a ${last.node.type}`);
    const parent: DirectoryNode = stack.at(-1)?.node ?? root;
    const node = parent.children.get(component);
    if (node === undefined) {
      const isLast = pending.every((rest) => rest === '' || rest === '.');
      const parentPath = stack.map(({ name }) => name).join('/');
      return { kind: 'missing', parent, parentPath, name: component, isLast };
    }
    if (node.type === 'symlink') {
      hops += 1;
      if (hops > hopsMax) throw tooManyLinks(path);
      if (node.target.startsWith('/')) stack.length = 0;
      pending.push(...node.target.split('/').reverse());
    } else if (node.type === 'directory') stack.push({ name: component, node });
    else last = { name: component, node };
  }
  const names = stack.map(({ name }) => name);
  if (last !== undefined)
    return { kind: 'found', node: last.node, path: [...names, last.name].join('/') };
  return { kind: 'found', node: stack.at(-1)?.node ?? root, path: names.join('/') };
}

/**
 * As apko reads them: by their text. A component `.` or `..` is a name like any other, what a relative link says is put behind the
 * text that led to it and shortened, and what is said of a parent is said of the shortened path.
 */
export const apkoRules: PathRules = {
  walk: (root, path) => walkAsApko(root, path, 0),
  walkToWrite(root, path) {
    let at = path;
    for (let hops = 0; hops <= hopsMax; hops += 1) {
      const { parent, name } = placeAsApko(at);
      const directory = walkAsApko(root, parent, 0);
      if (directory.kind === 'missing') return { ...directory, isLast: false };
      if (directory.node.type !== 'directory')
        throw assemblyError(
          'ASSEMBLE_PATH_INVALID',
          path,
          `its parent is a ${directory.node.type}`,
        );
      const node = directory.node.children.get(name);
      if (node === undefined) {
        const { node: found, path: parentPath } = directory;
        return { kind: 'missing', parent: found, parentPath, name, isLast: true };
      }
      if (node.type !== 'symlink')
        return { kind: 'found', node, path: joined(directory.path, name) };
      at = node.target.startsWith('/') ? node.target : shortened(`${parent}/${node.target}`);
    }
    throw tooManyLinks(path);
  },
  place: placeAsApko,
  walkToMake(root, path) {
    const walk = walkAsApko(root, path, 0);
    if (walk.kind === 'missing' && walk.name === '')
      throw assemblyError('ASSEMBLE_PATH_INVALID', path, 'a link in it leads nowhere');
    // apko makes a directory of this name, and then never ends.
    if (walk.kind === 'missing' && /^\.\.?$/.test(walk.name))
      throw assemblyError(
        'ASSEMBLE_PATH_INVALID',
        path,
        `"${walk.name}" is no name of a directory`,
      );
    return walk;
  },
};

/** A link that leads nowhere gives a missing component without a name. */
function walkAsApko(root: DirectoryNode, path: string, hops: number): Walk {
  if (path === '.') return { kind: 'found', node: root, path: '' };
  const components = path.split('/').filter((component) => component !== '');
  let at: { readonly node: TreeNode; readonly path: string } = { node: root, path: '' };
  for (const [index, name] of components.entries()) {
    const isLast = index === components.length - 1;
    const { node: parent, path: parentPath } = at;
    const missing = { kind: 'missing', parent: root, parentPath, name: '', isLast: false } as const;
    if (parent.type !== 'directory') return missing;
    const node = parent.children.get(name);
    if (node === undefined) return { ...missing, parent, name, isLast };
    if (node.type !== 'symlink') {
      at = { node, path: joined(parentPath, name) };
      continue;
    }
    if (hops >= hopsMax) throw tooManyLinks(path);
    const { target } = node;
    const textual = components.slice(0, index).join('/');
    const led = target.startsWith('/')
      ? target
      : shortened(`${textual}/./${target}`, textual === '');
    const walk = walkAsApko(root, led, hops + 1);
    if (walk.kind === 'missing') return missing;
    at = walk;
  }
  return { kind: 'found', ...at };
}

/** What Go's `filepath.Dir` and `filepath.Base` make of a path. */
function placeAsApko(path: string): Place {
  const slash = path.lastIndexOf('/');
  const parent = shortened(path.slice(0, slash + 1) || '.');
  const name = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return { parent, name: name || (path === '' ? '.' : '/') };
}

/** What Go's `filepath.Clean` makes of a path; one that begins with a slash may be taken for relative. */
export function shortened(path: string, isRelative = false): string {
  const isAbsolute = path.startsWith('/') && !isRelative;
  const components: string[] = [];
  for (const component of path.split('/')) {
    if (component === '' || component === '.') continue;
    const isUp = component === '..';
    if (isUp && components.length > 0 && components.at(-1) !== '..') components.pop();
    else if (!isUp || !isAbsolute) components.push(component);
  }
  const text = components.join('/');
  return isAbsolute ? `/${text}` : text || '.';
}

function joined(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`;
}

function tooManyLinks(path: string): Error {
  return assemblyError('ASSEMBLE_PATH_INVALID', path, `more than ${hopsMax} symbolic links`);
}
