import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ExpandedPackages, UnpackedPackages } from '@kiln/apk-cache';
import { MemoryBillCache } from '@kiln/assemble';
import type { Logger } from '@kiln/base';
import { messageOf } from '@kiln/base';
import { DebianBinaryArchive, DebianSourceMirror } from '@kiln/debian';
import { LockMemo, diskFull, passes } from '@kiln/factory';
import { PostgresWakeups, isConnectionLost, socketDirectoryOf } from '@kiln/postgres';
import { Dispatcher } from '@kiln/queue';
import { CachedGitSources } from '@kiln/git-sources';
import { SegmentFiles, forgetUnused } from '@kiln/layer-cache';
import { HttpObserver, RecordFolder } from '@kiln/network-observer';
import { imageReconciler } from '@kiln/reconcile-image';
import { indexReconciler } from '@kiln/reconcile-index';
import { SegmentsAhead, packageReconciler } from '@kiln/reconcile-package';
import { seedReconciler } from '@kiln/reconcile-seed';
import { testReconciler } from '@kiln/reconcile-test';
import { BwrapSandbox, EnvironmentStore, FsWorkspaces } from '@kiln/sandbox-bwrap';
import { FsDigestIndex, Sources } from '@kiln/sources';
import { FileAttemptLogs } from './attempt-logs.ts';
import type { Factory } from './compose.ts';
import { hold } from './hold.ts';
import { clearLeftovers } from './leftovers.ts';
import type { Place } from './place.ts';

export interface WorkerOptions {
  readonly factory: Factory;
  readonly place: Place;
  readonly version: string;
  readonly owner: string;
  /** Hosts of private networks that builds may reach. */
  readonly networkAllow: readonly string[];
  /** What names proxies by which this machine reaches others. */
  readonly proxyVariables: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** On one machine a failure that may pass is tried again soon, and given up after some five minutes. */
const attemptsMax = 10;
const backoffMinMs = 1_000;
const backoffMaxMs = 60_000;

/** A worker that was killed is gone within moments; one that still unwinds gets this long. */
const predecessorMs = 20_000;

/** How many builds run at once: two on small machines, since much of a build keeps one CPU busy. */
function buildsAtOnce(cpus: number): number {
  return Math.max(2, Math.floor(cpus / 2));
}

/** How many recipes are tested at once, beside the builds: what is short does not wait for what is long. */
function testsAtOnce(cpus: number): number {
  return Math.max(1, Math.floor(cpus / 2));
}

/** True for failures that are no fault of the key. */
function outside(error: unknown): boolean {
  return isConnectionLost(error) || passes(error) || diskFull(error) !== undefined;
}

/** Root file systems that stay when a worker starts; the least recently used others are made again when they are needed. */
const rootsKept = 16;

const packagesUnusedMs = 30 * 24 * 60 * 60 * 1000;

/** What packages add to the bills of materials of images: a few KiB each. */
const billsBytesMax = 64 * 1024 * 1024;

/** Nothing runs in any of them yet: this is the one worker of its home. */
async function forgetUnusedRoots(roots: EnvironmentStore): Promise<void> {
  const byUse = [...(await roots.list())].sort((a, b) => b.usedAtMs - a.usedAtMs);
  for (const { key } of byUse.slice(rootsKept)) await roots.remove(key);
}

/** Puts the reconcilers together with real parts and runs them until the signal fires. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { factory, place, log } = options;
  const { records, blobs, signer, clock, registry } = factory;
  const logs = new FileAttemptLogs(place.attempts);
  for (const folder of [place.scratch, place.workspaces, place.apt])
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  await hold(place, 'worker', predecessorMs);
  await blobs.open();
  const sandbox = await BwrapSandbox.open({ scratchDirectory: place.scratch });
  const roots = new EnvironmentStore({ directory: place.environments });
  await forgetUnusedRoots(roots);
  await clearLeftovers(place, roots);
  // Packages are files of their own, which threads read.
  const { files } = factory;
  const opener = new ExpandedPackages({
    directory: place.expanded,
    blobs: files,
    dialect: 'plain',
  });
  const unpacked = new UnpackedPackages({
    directory: place.unpacked,
    files,
    dialect: 'plain',
  });
  await unpacked.forgetUnused(clock.now() - packagesUnusedMs);
  await forgetUnused(place.segments, clock.now() - packagesUnusedMs);
  const segments = new SegmentFiles({ directory: place.segments });
  const ahead = new SegmentsAhead({ blobs, segments, log, signal: options.signal });
  const builder = { name: 'kiln', version: options.version };
  const archive = new DebianBinaryArchive({ stateDirectory: `${place.apt}/binary`, blobs });
  const sources = new Sources({
    blobs,
    sha512: new FsDigestIndex({ directory: path.join(place.home, 'digests') }),
    logger: log,
    mirrors: [new DebianSourceMirror({ stateDirectory: `${place.apt}/sources`, logger: log })],
  });
  const git = await CachedGitSources.open({ directory: place.git });
  await git.sweep(0);
  const observer = new HttpObserver({
    blobs,
    allowed: options.networkAllow,
    proxyVariables: options.proxyVariables,
  });
  const networkRecords = new RecordFolder(place.network, blobs);
  const workspaces = await FsWorkspaces.open({ directory: place.workspaces });
  const locks = new LockMemo();
  const shared = { records, locks, blobs, signer, opener, sandbox, logs, clock, builder };
  const building = { ...shared, opener: unpacked, environments: roots, sources, git, workspaces };
  const cpus = os.availableParallelism();
  const wakeups = new PostgresWakeups({
    target: { socketDirectory: socketDirectoryOf(place.home) },
    logger: log,
  });
  await wakeups.start();
  const dispatcher = new Dispatcher({
    queue: factory.queue,
    reconcilers: [
      seedReconciler({ records, blobs, signer, archive, logs, builder }),
      packageReconciler(
        { ...building, observer, networkRecords, segments: ahead },
        buildsAtOnce(cpus),
      ),
      testReconciler(building, testsAtOnce(cpus)),
      indexReconciler({ records, blobs, signer }),
      imageReconciler(
        { ...shared, segments, roots, registry, bills: new MemoryBillCache(billsBytesMax) },
        2,
      ),
    ],
    owner: options.owner,
    wakeups,
    judge: (error) => (outside(error) ? 'infrastructure' : 'retriable'),
    attemptsMax,
    backoff: { baseMs: backoffMinMs, maxMs: backoffMaxMs },
    clock,
    logger: log,
  });
  const sweepLogs = (): void =>
    void logs
      .sweep(clock.now())
      .catch((error: unknown) => log.warn('logs not swept', { error: messageOf(error) }));
  const sweep = setInterval(sweepLogs, 3_600_000);
  log.info('worker started', { owner: options.owner });
  await dispatcher.run(options.signal);
  clearInterval(sweep);
  await ahead.idle();
  await wakeups[Symbol.asyncDispose]();
}
