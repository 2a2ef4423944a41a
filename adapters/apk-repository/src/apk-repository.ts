import { Readable } from 'node:stream';
import type { Digest, KilnError, Logger } from '@kiln/base';
import { digestOf, messageOf, silentLogger } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { answerRange } from '@kiln/blobs';
import type { GenerationReader, ServedGeneration } from '@kiln/factory';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Target } from './target.ts';
import { parseTarget } from './target.ts';

/** The key that verifies the indexes and packages, under the name that their signatures carry. */
export interface PublicKey {
  /** Such as `kiln.rsa.pub`: clients look for a key of the signature's name. */
  readonly name: string;
  readonly pem: string;
}

export interface ApkRepositoryOptions {
  readonly blobs: BlobStore;
  readonly generations: GenerationReader;
  /** The Sigstore bundle that says how a package file was made, undefined when nothing says it. */
  provenance(apk: Digest): Promise<Digest | undefined>;
  /** Served at the top and beside every repository; several while keys are being replaced. */
  readonly keys: readonly PublicKey[];
  /**
   * Names an error of what the repository works with, undefined for one that nobody foresaw. What can be tried later is answered
   * with 503 and `Retry-After`.
   */
  readonly foreseen?: (error: unknown) => KilnError | undefined;
  readonly logger?: Logger;
}

/** Content with its name in HTTP. */
interface Content {
  readonly etag: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  readonly immutable: boolean;
  readonly lastModified: number | undefined;
  readonly read: (range: {
    readonly start: number;
    readonly end: number;
  }) => AsyncIterable<Uint8Array>;
}

/**
 * How many generations before the current one still answer for packages: a client that read an index just before a
 * publication installs what that index named.
 */
const packageLookBack = 8;

/**
 * A Fastify plugin that serves apk repositories: `/apk/<repository>/<arch>/APKINDEX.tar.gz` and the packages beside
 * it, each with its provenance at `<file>.provenance.sigstore.json`, `/apk/<repository>/@<generation>/<arch>/…` for states
 * that never change, and the public keys. Register it without a prefix.
 */
export async function apkRepository(
  server: FastifyInstance,
  options: ApkRepositoryOptions,
): Promise<void> {
  const logger = options.logger ?? silentLogger;
  // What failed inside is nobody's outside.
  server.setErrorHandler((error, { url }, reply) => {
    const passes = options.foreseen?.(error)?.retry === 'later';
    logger[passes ? 'warn' : 'error']('package repository request failed', {
      url,
      error: messageOf(error),
    });
    if (passes) reply.header('retry-after', '5');
    return reply
      .code(passes ? 503 : 500)
      .header('cache-control', 'no-cache')
      .type('text/plain; charset=utf-8')
      .send(passes ? 'not available at the moment\n' : 'internal error\n');
  });
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const [path = ''] = request.url.split('?', 1);
    const target = parseTarget(path.slice('/apk/'.length));
    const content = target && (await find(options, target));
    if (content === undefined) return notFound(reply);
    return answer(request, reply, content);
  };
  server.route({ method: ['GET', 'HEAD'], url: '/apk/*', exposeHeadRoute: false, handler });
}

async function find(options: ApkRepositoryOptions, target: Target): Promise<Content | undefined> {
  if (target.kind === 'key')
    return keyContent(options.keys.find((key) => key.name === target.file));
  const generation = await select(options.generations, target);
  if (generation === undefined) return undefined;
  const digest = await blobOf(options, generation, target);
  const stat = digest && (await options.blobs.stat(digest));
  if (stat === undefined) return undefined;
  return {
    etag: `"${stat.digest}"`,
    sizeBytes: stat.sizeBytes,
    mediaType: mediaTypes[target.kind],
    // What is said of a package may be said again, under another signature.
    immutable: target.selector.kind !== 'current' && target.kind !== 'provenance',
    lastModified: target.kind === 'index' ? generation.createdAt : undefined,
    read: (range) => options.blobs.read(stat.digest, range),
  };
}

const mediaTypes = {
  index: 'application/gzip',
  package: 'application/vnd.alpine.apk',
  provenance: 'application/vnd.dev.sigstore.bundle.v0.3+json',
} as const;

async function blobOf(
  options: ApkRepositoryOptions,
  generation: ServedGeneration,
  target: RepositoryTarget,
): Promise<Digest | undefined> {
  if (target.kind === 'index') return generation.indexBlob;
  const apk = await packageBlob(options.generations, generation, target);
  return target.kind === 'package' || apk === undefined ? apk : options.provenance(apk);
}

type RepositoryTarget = Exclude<Target, { readonly kind: 'key' }>;

function select(
  generations: GenerationReader,
  { repository, arch, selector }: RepositoryTarget,
): Promise<ServedGeneration | undefined> {
  switch (selector.kind) {
    case 'current':
      return generations.current(repository, arch);
    case 'number':
      return generations.byNumber(repository, arch, selector.number);
    case 'digest':
      return generations.byDigest(repository, arch, selector.indexBlob);
  }
}

async function packageBlob(
  generations: GenerationReader,
  generation: ServedGeneration,
  { repository, arch, selector, file }: RepositoryTarget,
): Promise<Digest | undefined> {
  const found = generation.packages.get(file);
  if (found !== undefined || selector.kind !== 'current') return found;
  const oldest = Math.max(1, generation.number - packageLookBack);
  for (let number = generation.number - 1; number >= oldest; number -= 1) {
    const before = (await generations.byNumber(repository, arch, number))?.packages.get(file);
    if (before !== undefined) return before;
  }
  return undefined;
}

function keyContent(key: PublicKey | undefined): Content | undefined {
  if (key === undefined) return undefined;
  const bytes = new TextEncoder().encode(key.pem);
  return {
    etag: `"${digestOf(bytes)}"`,
    sizeBytes: bytes.length,
    mediaType: 'application/x-pem-file',
    immutable: false,
    lastModified: undefined,
    async *read({ start, end }) {
      yield bytes.subarray(start, end);
    },
  };
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  content: Content,
): Promise<FastifyReply> {
  const { headers } = request;
  const conditions = {
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifRange: headers['if-range'] as string | undefined,
    range: headers.range,
  };
  const chosen = answerRange(conditions, content);
  reply.code(chosen.status).headers({
    etag: content.etag,
    'accept-ranges': 'bytes',
    'cache-control': content.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    'x-content-type-options': 'nosniff',
  });
  if (content.lastModified !== undefined) {
    reply.header('last-modified', new Date(content.lastModified).toUTCString());
  }
  if (chosen.status === 206 || chosen.status === 416)
    reply.header('content-range', chosen.contentRange);
  if (!('range' in chosen)) return reply.send();
  const { range } = chosen;
  reply.headers({
    'content-type': content.mediaType,
    'content-length': `${range.end - range.start}`,
  });
  if (request.method === 'HEAD') return reply.send();
  return reply.send(Readable.from(content.read(range), { objectMode: false }));
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply
    .code(404)
    .header('cache-control', 'no-cache')
    .type('text/plain; charset=utf-8')
    .send('not found: no such repository, architecture, generation, package, provenance or key\n');
}
