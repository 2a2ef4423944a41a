/**
 * One entry of a destination tree. Only `path` names it: no entry is reached through a symbolic link.
 * `mode` has the permission bits with setuid, setgid and sticky (0 to 0o7777); owners are the guest's numbers, in which
 * the user that runs the steps is 1000.
 */
export interface TreeEntryFacts {
  /** Relative to the destination tree, `/` between components, no leading or trailing slash, UTF-8. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Extended attributes without those a host injects (`security.selinux`, `com.apple.provenance` …). */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

export type TreeEntry =
  | (TreeEntryFacts & { readonly kind: 'directory' })
  | (TreeEntryFacts & { readonly kind: 'symlink'; readonly target: string })
  | (TreeEntryFacts & {
      readonly kind: 'file';
      readonly sizeBytes: number;
      /** SHA-1 of the content, hexadecimal. */
      readonly sha1: string;
      /** Streams the content; may be called several times while the workspace exists. */
      open(): AsyncIterable<Uint8Array>;
      /** The bytes from `start` up to `end` or the end of the file, whichever comes first. */
      range(start: number, end: number): Promise<Uint8Array>;
    })
  /** A later path of an inode that a `file` entry before it holds. */
  | (TreeEntryFacts & { readonly kind: 'hardlink'; readonly target: string; readonly sha1: string })
  /** Sockets, fifos and devices: reported, so that the build can refuse them by name; never opened. */
  | (TreeEntryFacts & {
      readonly kind: 'special';
      readonly what: 'fifo' | 'socket' | 'char' | 'block';
    });

/** A file of a recipe's side directory, put at the root of the workspace before the first step. */
export interface WorkspaceFile {
  /** Relative, `/` between components, no `..`, no empty component. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
}

/**
 * The directory that is mounted at `/home/build` in the guest, for one build.
 *
 * Everything in it but the files written through this port was written by hostile code: an implementation never follows
 * a symbolic link in it (neither in `write`, where a parent component may be one, nor while reading or removing), never
 * opens anything but regular files and directories, and bounds the number of entries, the depth and path lengths.
 */
export interface Workspace {
  /** Host path to mount at `/home/build`. Steps run as uid and gid 1000, for whom it is writable. */
  readonly hostPath: string;
  /** Creates a file and its parents, owned by the guest's user; an existing path throws `WORKSPACE_PATH_TAKEN`. */
  write(file: WorkspaceFile): Promise<void>;
  /** Creates a directory and its parents for the guest's user; existing directories stay. */
  makeDirectory(path: string): Promise<void>;
  /**
   * The entries of `melange-out/<packageName>` depth first: a directory before its contents, children bytewise by name;
   * the root itself is left out. Nothing when the tree does not exist.
   * Throws `WORKSPACE_TREE_INVALID` for names that are not UTF-8 and for `melange-out` or the tree not being real
   * directories, `WORKSPACE_TREE_TOO_LARGE` above its limits.
   */
  readTree(packageName: string): AsyncIterable<TreeEntry>;
  /**
   * Paths of the regular files outside `melange-out`, at most `depthMax` names deep: depth first, bytewise by name. Names
   * that are not UTF-8 are left out. Throws `WORKSPACE_TREE_TOO_LARGE`.
   */
  list(depthMax: number): Promise<readonly string[]>;
  /**
   * The bytes of a regular file; links are followed within the workspace, as the guest would follow them. Undefined when
   * there is none, or one of more than `bytesMax`.
   */
  read(path: string, bytesMax: number): Promise<Uint8Array | undefined>;
  /** Removes everything, whatever modes the build left behind. */
  remove(): Promise<void>;
}

/** What may be read of a workspace beside its trees. */
export type WorkspaceFiles = Pick<Workspace, 'list' | 'read'>;

/** Makes workspaces. Ones that a crash left behind are removed by the implementation's own start. */
export interface WorkspacePort {
  /** A fresh, empty workspace; `name` appears in its host path for people to find (letters, digits, `._-`). */
  create(name: string): Promise<Workspace>;
}
