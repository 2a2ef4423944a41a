import { compareBytes } from '@kiln/base';
import { capabilityBits, type FileCapability, type RecipeDialect } from '@kiln/recipe';
import { makeTree, normalise, resolvePath, type PackageTree } from './tree.ts';
import type { TreeEntry } from './workspace.ts';

/** The extended attribute that gives a program capabilities. */
export const capabilityAttributeName = 'security.capability';

/** Capabilities and the flags they are given with, such as `{ 'cap_net_raw,cap_net_admin': '+ep' }`. */
export type CapabilityGrants = Readonly<Record<string, string>>;

/**
 * The value of `security.capability` (Linux, `struct vfs_ns_cap_data`, revision 3, root id 0): 24 bytes. Of flags only the
 * letters e, i and p count; grants accumulate. The names are those that recipes may use: others throw an assertion, as
 * the recipe's decoder refuses them.
 */
export function capabilityAttribute(grants: readonly CapabilityGrants[]): Uint8Array {
  let effective = 0;
  let permitted = 0;
  let inheritable = 0;
  for (const [names, flags] of grants.flatMap((grant) => Object.entries(grant))) {
    const mask = maskOf(names);
    if (flags.includes('e')) effective |= mask;
    if (flags.includes('p')) permitted |= mask;
    if (flags.includes('i')) inheritable |= mask;
  }
  const value = Buffer.alloc(24);
  value.writeUInt32LE(0x0300_0000 | (effective === 0 ? 0 : 1), 0);
  value.writeUInt32LE(permitted, 4);
  value.writeUInt32LE(inheritable, 8);
  return value;
}

function maskOf(names: string): number {
  return names.split(',').reduce((mask, name) => {
    const bit = capabilityBits[name];
    if (bit === undefined) throw new Error(`assertion failed: no capability "${name}"`);
    return mask | (1 << bit);
  }, 0);
}

export interface GrantedTree {
  readonly tree: PackageTree;
  /** Paths of entries that are no regular file of the tree, as the recipe writes them; they have no effect. */
  readonly missing: readonly string[];
}

/**
 * The tree with the capabilities that a recipe's `setcap` gives to its files; links inside the tree are followed. To melange
 * directories are as good as files.
 */
export function withCapabilities(
  tree: PackageTree,
  capabilities: readonly FileCapability[],
  dialect: RecipeDialect = 'kiln',
): GrantedTree {
  const grants = new Map<string, CapabilityGrants[]>();
  const missing: string[] = [];
  for (const { path, add } of capabilities) {
    const file = grantedFile(tree, path, dialect);
    if (file === undefined) missing.push(path);
    else if (Object.keys(add).length > 0) grants.set(file, [...(grants.get(file) ?? []), add]);
  }
  if (grants.size === 0) return { tree, missing };
  const granted = tree.entries.map((entry): TreeEntry => {
    const given = grants.get(entry.path);
    return given === undefined ? entry : withAttribute(entry, capabilityAttribute(given));
  });
  return { tree: makeTree(tree.packageName, granted), missing };
}

/** The path of the file entry that holds the content: attributes belong to it, not to its further names. */
function grantedFile(tree: PackageTree, path: string, dialect: RecipeDialect): string | undefined {
  // Counted from the tree's own directory, out of which and into which a path may lead.
  const [first, ...parts] = normalise([tree.packageName, ...path.split('/')]) ?? [];
  if (first !== tree.packageName) return undefined;
  const resolved = resolvePath(tree, parts.join('/'));
  const entry = resolved === undefined ? undefined : tree.byPath.get(resolved);
  if (entry?.kind === 'hardlink') return entry.target;
  if (entry?.kind === 'directory' && dialect === 'melange') return entry.path;
  return entry?.kind === 'file' ? entry.path : undefined;
}

function withAttribute(entry: TreeEntry, value: Uint8Array): TreeEntry {
  const xattrs = [...entry.xattrs].filter(([name]) => name !== capabilityAttributeName);
  xattrs.push([capabilityAttributeName, value]);
  return { ...entry, xattrs: new Map(xattrs.sort(([a], [b]) => compareBytes(a, b))) };
}
