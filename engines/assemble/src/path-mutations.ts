import type { PathMutation } from '@kiln/image-config';
import { KilnError } from '@kiln/base';
import { assemblyError } from './failure.ts';
import type { AssemblyDialect } from './failure.ts';
import type { FileTree } from './file-tree.ts';
import { newSymlink } from './node.ts';
import type { DirectoryNode, TreeNode } from './node.ts';

/** Applies the configured changes of paths, in their order. Throws `ASSEMBLE_MUTATION_FAILED` naming the path. */
export function applyPathMutations(
  tree: FileTree,
  mutations: readonly PathMutation[],
  dialect: AssemblyDialect,
): void {
  for (const mutation of mutations) {
    try {
      apply(tree, mutation, dialect);
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      throw new KilnError('ASSEMBLE_MUTATION_FAILED', `mutating path ${error.message}`, {
        hint: error.hint,
        details: { ...error.details, path: mutation.path },
        cause: error,
      });
    }
  }
}

function apply(tree: FileTree, mutation: PathMutation, dialect: AssemblyDialect): void {
  const { path, type } = mutation;
  switch (type) {
    case 'directory':
      tree.mkdirAll(path, mutation.permissions & 0o7777);
      break;
    case 'empty-file':
      tree.mkdirAbove(path, 0o755);
      emptyFile(tree, path, dialect);
      break;
    case 'hardlink':
      tree.mkdirAbove(path, 0o755);
      hardlink(tree, mutation, dialect);
      break;
    case 'symlink':
      tree.mkdirAbove(path, 0o755);
      symlink(tree, mutation, dialect);
      break;
    case 'permissions':
      break;
    default:
      throw assemblyError(
        'ASSEMBLE_MUTATION_FAILED',
        path,
        `unsupported path mutation type "${type}"`,
        {
          hint: 'write directory, empty-file, hardlink, symlink or permissions',
        },
      );
  }
  if (dialect === 'kiln') setPermissions(tree, mutation);
  else setPermissionsAsApko(tree, mutation);
}

/** A file of a package has the content that it had there: it is opened for writing, and nothing is written. */
function emptyFile(tree: FileTree, path: string, dialect: AssemblyDialect): void {
  const existing = tree.at(path);
  if (existing === tree.root && !isUnseen(path, dialect))
    throw assemblyError('ASSEMBLE_MUTATION_FAILED', path, 'is a directory');
  if (existing?.type === 'file' && existing.bytes === undefined) return;
  if (existing?.type === 'char') return;
  const file = tree.write(path, new Uint8Array(0));
  if (file.owner === undefined) return;
  file.bytes = undefined;
  file.sizeBytes = file.owner.members.at(file.index)?.entry.sizeBytes ?? 0;
}

/** apko takes a directory too: it is then in two places. It looks for the source when what was at the path is gone. */
function hardlink(tree: FileTree, { path, source }: PathMutation, dialect: AssemblyDialect): void {
  const isApko = dialect === 'apko';
  if (isApko && tree.at(path) !== undefined) tree.remove(path);
  if (isApko && tree.entryAt(path) !== undefined)
    throw assemblyError('ASSEMBLE_MUTATION_FAILED', path, 'a link that leads nowhere is there');
  const target = tree.at(source);
  if (target === undefined)
    throw assemblyError('ASSEMBLE_MUTATION_FAILED', path, `link source "${source}" does not exist`);
  if (target.type === 'directory' && !isApko)
    throw assemblyError('ASSEMBLE_MUTATION_FAILED', path, 'hard link to a directory');
  tree.remove(path);
  if (target.type === 'directory' && isWithin(target, tree.parentOf(path)))
    throw assemblyError('ASSEMBLE_MUTATION_FAILED', path, 'hard link to a directory that it is in');
  tree.link(path, target);
}

/** Whether a directory is another one or somewhere in it; directories may have several names. */
function isWithin(outer: DirectoryNode, inner: DirectoryNode): boolean {
  const seen = new Set<DirectoryNode>([outer]);
  // A set grows while it is iterated, so this reaches everything.
  for (const directory of seen) {
    if (directory === inner) return true;
    for (const child of directory.children.values())
      if (child.type === 'directory') seen.add(child);
  }
  return false;
}

/** What apko puts at the root itself, called so, is never seen. */
function isUnseen(path: string, dialect: AssemblyDialect): boolean {
  return dialect === 'apko' && /^\/+$/.test(path);
}

function symlink(tree: FileTree, { path, source }: PathMutation, dialect: AssemblyDialect): void {
  if (tree.entryAt(path) !== undefined && !isUnseen(path, dialect))
    throw assemblyError('ASSEMBLE_MUTATION_FAILED', path, 'file already exists');
  tree.put(
    path,
    newSymlink(source, { mode: 0o777, mtimeSeconds: tree.parentOf(path).mtimeSeconds }),
  );
}

/** Absent permissions are 0; an owner is set when one of its numbers is given. Links are resolved to their targets. */
function setPermissions(tree: FileTree, mutation: PathMutation): void {
  const path = tree.realPath(mutation.path);
  if (path === undefined)
    throw assemblyError('ASSEMBLE_MUTATION_FAILED', mutation.path, 'no such file or directory');
  for (const one of mutation.recursive ? pathsBelow(tree.at(path), path) : [path]) {
    const target = tree.edit(one);
    if (target === undefined) continue;
    setFacts(target, mutation);
  }
}

/** Of links below a directory apko sets what they lead to, and fails where that is nothing. */
function setPermissionsAsApko(tree: FileTree, mutation: PathMutation): void {
  const pending = [mutation.path];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const target = tree.edit(path);
    if (target === undefined)
      throw assemblyError('ASSEMBLE_MUTATION_FAILED', path, 'no such file or directory');
    const isWalked = path === mutation.path || tree.entryAt(path)?.type === 'directory';
    setFacts(target, mutation);
    if (!mutation.recursive || !isWalked || target.type !== 'directory') continue;
    for (const name of target.children.keys()) pending.push(`${path}/${name}`);
  }
}

function setFacts(target: TreeNode, { permissions, uid, gid }: PathMutation): void {
  target.mode = permissions & 0o7777;
  if (uid === undefined && gid === undefined) return;
  target.uid = uid ?? 0;
  target.gid = gid ?? 0;
}

/** The path of a node and those of what is below it; links below are not followed, and have no mode of their own to set. */
function pathsBelow(node: TreeNode | undefined, path: string): string[] {
  if (node?.type !== 'directory') return [path];
  const below = [...node.children].filter(([, child]) => child.type !== 'symlink');
  return [path, ...below.flatMap(([name, child]) => pathsBelow(child, `${path}/${name}`))];
}
