import { createHash } from 'node:crypto';
import { recordedSha1 } from '@kiln/apk';
import { KilnError } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';
import { parseAtom, satisfies } from '@kiln/version';
import { readFile } from './content.ts';
import { assemblyError, packageLabel } from './failure.ts';
import type { AssemblyDialect } from './failure.ts';
import { clean } from './path-rules.ts';
import type { FileTree } from './file-tree.ts';
import { newFile, newSymlink } from './node.ts';
import type { FileNode, SymlinkNode, TreeNode } from './node.ts';
import type { DataMember, PackageContents } from './package-contents.ts';

const xattrPrefix = 'SCHILY.xattr.';

/** Puts the files of packages into a tree, one package after the other. Package scripts are never run. */
export class Installer {
  readonly #tree: FileTree;
  readonly #dialect: AssemblyDialect;
  /** Archive name of each regular file that was installed, to the package that wrote it last. */
  readonly writers: Map<string, PackageContents> = new Map();

  constructor(tree: FileTree, dialect: AssemblyDialect) {
    this.#tree = tree;
    this.#dialect = dialect;
  }

  /**
   * Installs one package in archive order. Throws `ASSEMBLE_CONFLICT` when a path belongs to another package,
   * `ASSEMBLE_PATH_INVALID` for a missing parent, `ASSEMBLE_CHECKSUM_MISSING`, `ASSEMBLE_LINK_INVALID`,
   * `ASSEMBLE_ENTRY_UNSUPPORTED`; each names the package and the path.
   */
  async install(contents: PackageContents): Promise<void> {
    for (const member of placedMembers(contents)) {
      try {
        await this.#place(contents, member);
      } catch (error) {
        if (!(error instanceof KilnError) || error.details['package'] !== undefined) throw error;
        throw new KilnError(error.code, `package ${packageLabel(contents)}: ${error.message}`, {
          hint: error.hint,
          retry: error.retry,
          details: { ...error.details, path: member.entry.path, package: packageLabel(contents) },
          cause: error,
        });
      }
    }
  }

  async #place(contents: PackageContents, member: DataMember): Promise<void> {
    const { entry } = member;
    if (this.#dialect === 'kiln') requireNoWhiteout(contents, entry);
    switch (entry.type) {
      case 'directory':
        return this.#directory(entry);
      case 'file':
      case 'symlink':
        return this.#fileOrLink(contents, member);
      case 'hardlink':
        return this.#hardlink(contents, entry);
      case 'char':
      case 'block':
      case 'fifo':
        throw assemblyError(
          'ASSEMBLE_ENTRY_UNSUPPORTED',
          entry.path,
          `a ${entry.type} in a package is not supported`,
          {
            package: contents,
          },
        );
    }
  }

  /** The first creator's mode stays, the last one's time wins. */
  #directory(entry: TarEntry): void {
    const owner = this.#owner(entry);
    const directory = this.#tree.mkdirAll(
      entry.path,
      entry.mode & (this.#dialect === 'apko' ? 0o777 : 0o7777),
      owner,
    );
    directory.mtimeSeconds = entry.mtimeSeconds;
    addXattrs(directory, entry);
  }

  async #fileOrLink(contents: PackageContents, member: DataMember): Promise<void> {
    const { entry } = member;
    const existing = this.#tree.entryAt(entry.path);
    if (entry.type === 'symlink') {
      if (this.#dialect === 'kiln') this.#requireInside(contents, entry);
      if (existing?.type === 'symlink' && existing.target === entry.linkTarget) return;
    }
    const node = this.#newNode(contents, member);
    const sha1Hex = checksum(contents, entry, this.#dialect);
    this.#requireParent(contents, entry.path);
    const isKept =
      existing !== undefined && (await this.#keeps(existing, { node, contents, entry, sha1Hex }));
    if (!isKept) {
      this.#tree.put(entry.path, node);
      if (entry.type === 'file') this.writers.set(entry.path, contents);
    }
    this.#addXattrs(isKept ? existing : node, entry);
  }

  /** To apko those of a link are those of what it leads to. */
  #addXattrs(node: TreeNode, entry: TarEntry): void {
    if (this.#dialect === 'kiln' || node.type !== 'symlink') return addXattrs(node, entry);
    const hasXattrs = [...entry.pax.keys()].some((key) => key.startsWith(xattrPrefix));
    if (!hasXattrs) return;
    const target = this.#tree.at(entry.path);
    if (target === undefined)
      throw assemblyError('ASSEMBLE_LINK_INVALID', entry.path, 'has attributes, and leads nowhere');
    addXattrs(target, entry);
  }

  #newNode(contents: PackageContents, { entry, index }: DataMember): FileNode | SymlinkNode {
    const { mode, mtimeSeconds, sizeBytes } = entry;
    const { uid, gid } = this.#owner(entry);
    const facts = { mode, uid, gid, mtimeSeconds, owner: contents, index };
    if (entry.type === 'symlink') return newSymlink(entry.linkTarget, facts);
    return newFile({ ...facts, sizeBytes, bytes: undefined });
  }

  /** Whether what is there stays; throws when neither may. */
  async #keeps(
    existing: TreeNode,
    { node, contents, entry: { path }, sha1Hex }: Newcomer,
  ): Promise<boolean> {
    const shipped = existing.type === 'file' || existing.type === 'symlink' ? existing : undefined;
    const owner = shipped?.owner;
    if (shipped === undefined || owner === undefined)
      return keepsUnowned(existing, { contents, path, sha1Hex });
    const isSameType = existing.type === node.type || this.#dialect === 'apko';
    if (isSameType && this.#checksumOf(owner, shipped.index) === sha1Hex) return true;
    if (this.#replaces(owner, contents)) return true;
    if (owner.info.origin === contents.info.origin || this.#replaces(contents, owner)) return false;
    const parties = [owner, contents]
      .map((party) => `${packageLabel(party)} (origin ${party.info.origin || 'none'})`)
      .join(' and ');
    throw assemblyError(
      'ASSEMBLE_CONFLICT',
      path,
      `${parties} both own it, with different content`,
      {
        package: contents,
        hint: 'take only one of them, rename the file in one, or declare replaces',
      },
    );
  }

  #checksumOf(owner: PackageContents, index: number): string | undefined {
    const entry = owner.members.at(index)?.entry;
    return entry && checksum(owner, entry, this.#dialect);
  }

  /** apko compares the texts; Kiln evaluates a version in `replaces`. */
  #replaces(one: PackageContents, other: PackageContents): boolean {
    return one.info.replaces.some((text) => {
      if (text === other.info.name) return true;
      if (this.#dialect === 'apko' || !text.startsWith(other.info.name)) return false;
      const atom = parseAtom(text);
      return atom.name === other.info.name && !atom.conflict && satisfies(other.info.version, atom);
    });
  }

  #hardlink(contents: PackageContents, entry: TarEntry): void {
    const target = this.#tree.at(entry.linkTarget);
    if (target === undefined) {
      throw assemblyError(
        'ASSEMBLE_LINK_INVALID',
        entry.path,
        `hard link to "${entry.linkTarget}", which does not exist`,
        {
          package: contents,
        },
      );
    }
    if (target.type === 'directory') {
      throw assemblyError('ASSEMBLE_LINK_INVALID', entry.path, 'hard link to a directory', {
        package: contents,
      });
    }
    if (this.#tree.entryAt(entry.path) !== undefined) {
      throw assemblyError('ASSEMBLE_CONFLICT', entry.path, 'file already exists', {
        package: contents,
      });
    }
    this.#tree.link(entry.path, target);
    this.#tree.hardlinks.set(clean(entry.path), entry.linkTarget);
  }

  #requireParent(contents: PackageContents, path: string): void {
    const slash = path.lastIndexOf('/');
    const parent = slash === -1 ? this.#tree.root : this.#tree.at(path.slice(0, slash));
    if (parent?.type === 'directory') return;
    throw assemblyError('ASSEMBLE_PATH_INVALID', path, 'its parent directory does not exist', {
      package: contents,
      hint: 'a package must carry an entry for every directory it uses',
    });
  }

  /** A relative link may not climb above the root: followed on another system it would leave the image. */
  #requireInside(contents: PackageContents, entry: TarEntry): void {
    if (entry.linkTarget.startsWith('/')) return;
    const slash = entry.path.lastIndexOf('/');
    const parent =
      slash === -1
        ? ''
        : (this.#tree.realPath(entry.path.slice(0, slash)) ?? entry.path.slice(0, slash));
    let depth = parent === '' ? 0 : parent.split('/').length;
    for (const component of entry.linkTarget.split('/')) {
      if (component === '..') depth -= 1;
      else if (component !== '' && component !== '.') depth += 1;
      if (depth < 0) {
        throw assemblyError(
          'ASSEMBLE_LINK_INVALID',
          entry.path,
          `link to "${entry.linkTarget}" leads out of the root`,
          {
            package: contents,
          },
        );
      }
    }
  }

  #owner(entry: TarEntry): { uid: number; gid: number } {
    return this.#dialect === 'apko' ? { uid: 0, gid: 0 } : { uid: entry.uid, gid: entry.gid };
  }
}

/**
 * The members that are installed: names that begin with a dot at the root are skipped until the first other one, which a directory
 * is that is written with a slash.
 */
export function* placedMembers({ members }: PackageContents): Generator<DataMember> {
  let isPlaced = false;
  for (const member of members) {
    const { path, hasSlash } = member.entry;
    isPlaced ||= !path.startsWith('.') || path.includes('/') || hasSlash === true;
    if (isPlaced) yield member;
  }
}

/** What a layer means by the name of a file (OCI image specification, "Whiteouts"): that another one is not there. */
function requireNoWhiteout(contents: PackageContents, { path }: TarEntry): void {
  if (!path.startsWith('.wh.', path.lastIndexOf('/') + 1)) return;
  const message =
    'its name would remove other files: in a layer of an image .wh. begins a whiteout';
  throw assemblyError('ASSEMBLE_PATH_INVALID', path, message, { package: contents });
}

function checksum(contents: PackageContents, entry: TarEntry, dialect: AssemblyDialect): string {
  const recorded = recordedSha1(entry);
  if (recorded !== undefined) return recorded;
  if (dialect === 'kiln' && entry.type === 'symlink')
    return createHash('sha1').update(entry.linkTarget).digest('hex');
  throw assemblyError('ASSEMBLE_CHECKSUM_MISSING', entry.path, 'has no checksum record', {
    package: contents,
  });
}

function addXattrs(node: TreeNode, entry: TarEntry): void {
  for (const [key, value] of entry.pax) {
    if (key.startsWith(xattrPrefix))
      node.xattrs = new Map([...node.xattrs, [key.slice(xattrPrefix.length), value]]);
  }
}

/** A file or link that something is in the way of. */
interface Newcomer {
  readonly node: FileNode | SymlinkNode;
  readonly contents: PackageContents;
  readonly entry: TarEntry;
  readonly sha1Hex: string;
}

async function keepsUnowned(
  existing: TreeNode,
  { contents, path, sha1Hex }: Pick<Newcomer, 'contents' | 'sha1Hex'> & { readonly path: string },
): Promise<boolean> {
  const isFile = existing.type === 'file' && existing.sizeBytes > 0;
  const sha1 = isFile
    ? createHash('sha1')
        .update(await readFile(existing, path))
        .digest('hex')
    : undefined;
  if (sha1 === sha1Hex) return true;
  const what = isFile ? 'a file with another content' : `a ${existing.type}`;
  throw assemblyError(
    'ASSEMBLE_CONFLICT',
    path,
    `conflicts with ${what} that belongs to no package`,
    {
      package: contents,
    },
  );
}
