import path from 'node:path';

/** The folders of one factory; every path is absolute. */
export interface Place {
  /** The clone. */
  readonly root: string;
  readonly home: string;
  readonly keys: string;
  readonly publicKeys: string;
  readonly blobs: string;
  readonly logs: string;
  /** The logs of attempts. */
  readonly attempts: string;
  readonly environments: string;
  readonly expanded: string;
  /** Below the environments, which link to their files. */
  readonly unpacked: string;
  /** Compressed parts of packages' files. */
  readonly segments: string;
  readonly workspaces: string;
  readonly scratch: string;
  readonly uploads: string;
  readonly apt: string;
  /** Repositories that builds check out from. */
  readonly git: string;
  /** What the steps of builds got from the network. */
  readonly network: string;
  readonly run: string;
  /** A short private folder for sockets. */
  readonly runtime: string;
  readonly signerSocket: string;
}

export function placeOf(root: string, home: string, runtime: string): Place {
  const within = (name: string): string => path.join(home, name);
  return {
    root,
    home,
    keys: within('keys'),
    publicKeys: within('public'),
    blobs: within('blobs'),
    logs: within('log'),
    attempts: path.join(home, 'log', 'attempts'),
    environments: within('environments'),
    expanded: within('expanded'),
    unpacked: path.join(home, 'environments', 'packages'),
    segments: within('segments'),
    workspaces: within('workspaces'),
    scratch: within('scratch'),
    uploads: within('uploads'),
    apt: within('apt'),
    git: within('git'),
    network: within('network'),
    run: within('run'),
    runtime,
    signerSocket: path.join(runtime, 'signer.sock'),
  };
}
