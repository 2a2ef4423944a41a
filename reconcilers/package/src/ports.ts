import type { BlobStore } from '@kiln/blobs';
import type {
  GitSources,
  NetworkObserver,
  NetworkRecords,
  Sandbox,
  SourceFetcher,
  WorkspacePort,
} from '@kiln/build';
import type { Clock } from '@kiln/base';
import type { AttemptLogs, EnvironmentPorts, LockPorts } from '@kiln/factory';
import type { Signer } from '@kiln/trust';
import type { SegmentsAhead } from './segments-ahead.ts';

export interface PackageReconcilerPorts extends EnvironmentPorts, LockPorts {
  readonly blobs: BlobStore;
  readonly signer: Signer;
  readonly sandbox: Sandbox;
  readonly sources: SourceFetcher;
  readonly git: GitSources;
  readonly workspaces: WorkspacePort;
  /** For recipes whose steps need the network, and what their builds got there. */
  readonly observer: NetworkObserver;
  readonly networkRecords: NetworkRecords;
  /** What images take of packages, made when these are published; absent where nothing keeps it. */
  readonly segments?: Pick<SegmentsAhead, 'want'>;
  readonly logs: AttemptLogs;
  readonly clock: Clock;
  /** What builds, in SBOMs and in the action digest. */
  readonly builder: { readonly name: string; readonly version: string };
}
