import type { BlobStore } from '@kiln/blobs';
import type { GitSources, Sandbox, SourceFetcher, WorkspacePort } from '@kiln/build';
import type { Clock } from '@kiln/base';
import type { AttemptLogs, EnvironmentPorts, LockPorts } from '@kiln/factory';

export interface TestReconcilerPorts extends EnvironmentPorts, LockPorts {
  readonly blobs: BlobStore;
  readonly sandbox: Sandbox;
  readonly sources: SourceFetcher;
  readonly git: GitSources;
  readonly workspaces: WorkspacePort;
  readonly logs: AttemptLogs;
  readonly clock: Clock;
  /** Who tests, in the action digest. */
  readonly builder: { readonly name: string; readonly version: string };
}
