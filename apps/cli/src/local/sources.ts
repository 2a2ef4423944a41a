import path from 'node:path';
import type { Logger } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { GitSources, SourceFetcher } from '@kiln/build';
import { DebianSourceMirror } from '@kiln/debian';
import { CachedGitSources } from '@kiln/git-sources';
import { FsDigestIndex, Sources } from '@kiln/sources';

/**
 * Sources by digest for builds without a factory: from the folder of the cache, then from Debian's source archive as the
 * host's apt reaches it, then from their address. What was fetched once stays in the cache.
 */
export function localSources(cache: string, blobs: BlobStore, logger: Logger): SourceFetcher {
  return new Sources({
    blobs,
    sha512: new FsDigestIndex({ directory: path.join(cache, 'digests') }),
    mirrors: [new DebianSourceMirror({ stateDirectory: path.join(cache, 'apt-sources'), logger })],
    logger,
  });
}

/**
 * Repositories for builds without a factory; what was fetched once stays in the cache. A recipe of one's own may name
 * repositories of one's machine.
 */
export function localRepositories(cache: string): Promise<GitSources> {
  return CachedGitSources.open({ directory: path.join(cache, 'git'), localDirectories: ['/'] });
}
