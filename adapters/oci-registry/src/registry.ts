import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Clock, Digest, KilnError, Logger, Random } from '@kiln/base';
import { bufferOf, messageOf, silentLogger, systemClock, systemRandom } from '@kiln/base';
import type { BlobStat, BlobStore } from '@kiln/blobs';
import type { RegistryState } from '@kiln/factory';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { deleteBlob, pullBlob } from './blobs.ts';
import type {
  PushDecision,
  PushRequest,
  RegistryContext,
  RegistryLimits,
  RegistryReply,
  RegistryRequest,
  TakeFile,
} from './exchange.ts';
import { jsonReply, registryLimitsDefault } from './exchange.ts';
import { listReferrers, listRepositories, listTags } from './listings.ts';
import { deleteManifest, pullManifest, pushManifest } from './manifests.ts';
import { ReadManifests } from './read-manifests.ts';
import { receivedBody } from './received-body.ts';
import { RegistryRefusal, errorAnswer } from './refusal.ts';
import { sendBody } from './send-body.ts';
import type { Target } from './target.ts';
import { parseTarget } from './target.ts';
import { UploadSessions } from './upload-sessions.ts';
import { appendChunk, cancelUpload, finishUpload, startUpload, uploadStatus } from './uploads.ts';

export interface OciRegistryOptions {
  readonly blobs: BlobStore;
  readonly state: RegistryState;
  /** Holds uploads under way; made when absent. */
  readonly uploadsDirectory: string;
  /**
   * Makes a file of `uploadsDirectory` a blob of `blobs` and removes it; throws `BLOB_DIGEST_MISMATCH` when its content
   * is another than expected, if that is said, and the file stays. What is known of the file from writing it need not be read
   * again. For a store that can give a file its name; when absent the bytes are copied.
   */
  readonly takeFile?: TakeFile;
  /** Asked before every change; allows everything when absent. */
  readonly authorizePush?: (push: PushRequest) => PushDecision | Promise<PushDecision>;
  /**
   * Names an error of what the registry works with, undefined for one that nobody foresaw. What can be tried later is answered
   * with 503 and `Retry-After`.
   */
  readonly foreseen?: (error: unknown) => KilnError | undefined;
  readonly limits?: Partial<RegistryLimits>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** How much of a refused body is read so that the client gets to see the refusal. */
const drainBytesMax = 64 * 1024 * 1024;

/**
 * A Fastify plugin that serves the OCI distribution API 1.1 under `/v2/`. Register it without a prefix: the
 * specification fixes the path. Content is shared by digest; repositories hold only what is visible in them.
 */
export async function ociRegistry(
  server: FastifyInstance,
  options: OciRegistryOptions,
): Promise<void> {
  const context = contextOf(options);
  const logger = options.logger ?? silentLogger;
  server.removeAllContentTypeParsers();
  // Bodies are read by the handlers, from the connection, as they arrive.
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.setErrorHandler(async (error, request, reply) => {
    const answer = errorAnswer(options.foreseen?.(error) ?? refusalOf(error));
    const gone = request.raw.destroyed && !request.raw.complete;
    if (answer.status >= 500 && !gone) {
      const { method, url } = request;
      logger[answer.status === 503 ? 'warn' : 'error']('registry request failed', {
        method,
        url,
        error: messageOf(error),
      });
    }
    const body = jsonReply(answer.body, 'application/json', answer.headers);
    await send(request, reply, { ...body, status: answer.status }, context.limits);
    return reply;
  });
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const [path = ''] = request.url.split('?', 1);
    const target = parseTarget(path);
    if (target === undefined) {
      throw new RegistryRefusal('UNSUPPORTED', 'no such address in the distribution API', {
        status: 404,
      });
    }
    const answer = await dispatch(context, requestOf(request, context.limits), target);
    await send(request, reply, answer, context.limits);
    return reply;
  };
  const method = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
  server.route({ method, url: '/v2', exposeHeadRoute: false, handler });
  server.route({ method, url: '/v2/*', exposeHeadRoute: false, handler });
}

function contextOf(options: OciRegistryOptions): RegistryContext {
  const limits = { ...registryLimitsDefault, ...options.limits };
  const { authorizePush, blobs } = options;
  return {
    blobs,
    manifests: new ReadManifests(blobs, limits.manifestBytesMax),
    state: options.state,
    limits,
    takeFile: options.takeFile ?? ((file, { expected }) => copyFile(blobs, file, expected)),
    uploads: new UploadSessions({
      ...limits,
      directory: options.uploadsDirectory,
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
    }),
    authorize: async (push) => {
      const decision = await (authorizePush?.(push) ?? { allowed: true });
      if (decision.allowed) return;
      if (decision.authenticate === undefined)
        throw new RegistryRefusal('DENIED', decision.message);
      const headers = { 'www-authenticate': decision.authenticate };
      throw new RegistryRefusal('UNAUTHORIZED', decision.message, { headers });
    },
  };
}

async function copyFile(
  blobs: BlobStore,
  file: string,
  expected: Digest | undefined,
): Promise<BlobStat> {
  const stat = await blobs.put(createReadStream(file), expected);
  await rm(file);
  return stat;
}

async function dispatch(
  context: RegistryContext,
  request: RegistryRequest,
  target: Target,
): Promise<RegistryReply> {
  const { method } = request;
  const isRead = method === 'GET' || method === 'HEAD';
  switch (target.kind) {
    case 'base':
      return isRead ? jsonReply({}) : notAllowed('GET, HEAD');
    case 'catalog':
      return isRead ? listRepositories(context, request) : notAllowed('GET, HEAD');
    case 'tags':
      return isRead ? listTags(context, request, target) : notAllowed('GET, HEAD');
    case 'referrers':
      return isRead ? listReferrers(context, request, target) : notAllowed('GET, HEAD');
    case 'blob':
      if (isRead) return pullBlob(context, request, target);
      return method === 'DELETE'
        ? deleteBlob(context, request, target)
        : notAllowed('GET, HEAD, DELETE');
    case 'manifest':
      if (isRead) return pullManifest(context, request, target);
      if (method === 'PUT') return pushManifest(context, request, target);
      return method === 'DELETE'
        ? deleteManifest(context, request, target)
        : notAllowed('GET, HEAD, PUT, DELETE');
    case 'uploads':
      return method === 'POST' ? startUpload(context, request, target) : notAllowed('POST');
    case 'upload':
      if (isRead) return uploadStatus(context, target);
      if (method === 'PATCH') return appendChunk(context, request, target);
      if (method === 'PUT') return finishUpload(context, request, target);
      return method === 'DELETE'
        ? cancelUpload(context, request, target)
        : notAllowed('GET, HEAD, PATCH, PUT, DELETE');
  }
}

function notAllowed(allow: string): never {
  throw new RegistryRefusal('UNSUPPORTED', 'method not allowed here', { headers: { allow } });
}

function requestOf(request: FastifyRequest, { idleMs }: RegistryLimits): RegistryRequest {
  const { url } = request;
  const question = url.indexOf('?');
  return {
    method: request.method,
    query: new URLSearchParams(question === -1 ? '' : url.slice(question + 1)),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: () => receivedBody(request.raw, idleMs),
  };
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: RegistryReply,
  { idleMs }: RegistryLimits,
): Promise<void> {
  if (!(await drained(request, idleMs))) reply.header('connection', 'close');
  reply
    .code(answer.status)
    .headers({ 'docker-distribution-api-version': 'registry/2.0', ...answer.headers });
  const { body } = answer;
  if (body === undefined || request.method === 'HEAD') await reply.send();
  else if (body instanceof Uint8Array) await reply.send(bufferOf(body));
  else {
    // Nor does a client that stops reading hold its connection; Node sets its own limit after the answer.
    request.raw.socket.setTimeout(idleMs);
    await sendBody(reply, answer.status, body);
  }
}

/** Reads what a handler left of the body, up to a limit, so that the connection can be used again. */
async function drained({ raw }: FastifyRequest, idleMs: number): Promise<boolean> {
  if (raw.complete && raw.readableLength === 0) return true;
  if (raw.destroyed) return false;
  let left = drainBytesMax;
  for await (const chunk of receivedBody(raw, idleMs)) {
    left -= chunk.length;
    if (left < 0) return false;
  }
  return true;
}

/** Fastify's own complaints about a request, such as a malformed header, are refusals too. */
function refusalOf(error: unknown): unknown {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (error instanceof RegistryRefusal || typeof status !== 'number' || status >= 500) return error;
  return new RegistryRefusal('UNSUPPORTED', messageOf(error), { status });
}
