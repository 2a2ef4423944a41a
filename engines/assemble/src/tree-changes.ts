import type { DirectoryNode, TreeNode } from './node.ts';

/** A path under which a fork has another node than the tree it was made of, or a directory of other facts. */
export interface TreeChange {
  readonly path: string;
  /** Undefined for a path that was not there. */
  readonly before: TreeNode | undefined;
  readonly after: TreeNode;
}

/**
 * What differs between a tree and a fork of it, each directory before what is below it; undefined when something was removed.
 * What both share is not looked at.
 */
export function treeChanges(
  before: DirectoryNode,
  after: DirectoryNode,
): readonly TreeChange[] | undefined {
  const changes: TreeChange[] = [];
  return collect(before, after, { prefix: '', changes }) ? changes : undefined;
}

function collect(
  before: DirectoryNode | undefined,
  after: DirectoryNode,
  context: { readonly prefix: string; readonly changes: TreeChange[] },
): boolean {
  const { prefix, changes } = context;
  for (const [name, node] of after.children) {
    const known = before?.children.get(name);
    if (known === node) continue;
    const path = `${prefix}${name}`;
    const directory = known?.type === 'directory' ? known : undefined;
    if (node.type !== 'directory') changes.push({ path, before: known, after: node });
    else {
      if (directory === undefined || !sameFacts(directory, node))
        changes.push({ path, before: known, after: node });
      if (!collect(directory, node, { prefix: `${path}/`, changes })) return false;
    }
  }
  // Nothing is gone when every name that was there still is.
  return (
    before === undefined || [...before.children.keys()].every((name) => after.children.has(name))
  );
}

function sameFacts(a: TreeNode, b: TreeNode): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtimeSeconds === b.mtimeSeconds &&
    a.xattrs.size === b.xattrs.size &&
    [...a.xattrs].every(([name, value]) => {
      const other = b.xattrs.get(name);
      return other !== undefined && Buffer.compare(value, other) === 0;
    })
  );
}
