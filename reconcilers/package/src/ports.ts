import type { PackageOpener } from '@kiln/assemble';
import type { BlobStore } from '@kiln/blobs';
import type {
  GitSources,
  NetworkObserver,
  NetworkRecords,
  Sandbox,
  SourceFetcher,
  WorkspacePort,
} from '@kiln/build';
import type { Clock, Digest } from '@kiln/base';
import type { AttemptLogs, FactoryRecords } from '@kiln/factory';
import type { TarMember } from '@kiln/tar';
import type { Signer } from '@kiln/trust';

/** Root file systems on disk by the digest of what they are made of. */
export interface EnvironmentCache {
  /** The folder of an environment; made from `members` when it is not there. */
  ensure(key: Digest, members: () => AsyncIterable<TarMember>): Promise<string>;
}

export interface PackageReconcilerPorts {
  readonly records: FactoryRecords;
  readonly blobs: BlobStore;
  readonly signer: Signer;
  readonly opener: PackageOpener;
  readonly environments: EnvironmentCache;
  readonly sandbox: Sandbox;
  readonly sources: SourceFetcher;
  readonly git: GitSources;
  readonly workspaces: WorkspacePort;
  /** For recipes whose steps need the network, and what their builds got there. */
  readonly observer: NetworkObserver;
  readonly networkRecords: NetworkRecords;
  readonly logs: AttemptLogs;
  readonly clock: Clock;
  /** What builds, in SBOMs and in the action digest. */
  readonly builder: { readonly name: string; readonly version: string };
}
