import fs from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Logger } from '@kiln/base';
import { KilnError, digestOf, shorten } from '@kiln/base';
import type { Queue } from '@kiln/queue';
import { parseKey } from '@kiln/queue';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { requireCatalog } from '../catalog-files.ts';
import type { Addresses, ViewPorts } from '../views.ts';
import { imageDetail, keyDetail, listImages, listKeys, listQueue, readStatus } from '../views.ts';
import { listPackages, packageDetail } from '../package-views.ts';
import { retentionSummary } from '../retention-summary.ts';
import { tagHistory } from '../tag-history-view.ts';
import type { ComponentPorts } from './component-routes.ts';
import { componentRoutes } from './component-routes.ts';
import type { CompositionPort } from './composition-routes.ts';
import { compositionRoutes } from './composition-routes.ts';
import { followLog } from './followed-log.ts';
import type { ImagesPort } from './image-routes.ts';
import { imageRoutes } from './image-routes.ts';
import { repositoryRoutes } from './repository-routes.ts';
import type { RetentionPort } from './retention-routes.ts';
import { retentionRoutes } from './retention-routes.ts';
import * as schemas from './schemas.ts';
import { streamed } from './streamed.ts';

export interface ApiOptions {
  readonly views: ViewPorts;
  readonly components: ComponentPorts;
  readonly retention: RetentionPort;
  readonly compositions: CompositionPort;
  readonly images: ImagesPort;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly attempts: string;
  addresses(): Addresses;
  /** Takes a person's limit and catalog. */
  select(selection: {
    readonly only: readonly string[];
    readonly catalog: string | undefined;
  }): Promise<void>;
}

const onlyQuery = z.object({ only: z.union([z.string(), z.array(z.string())]).optional() });
const names = (only: string | string[] | undefined): string[] =>
  only === undefined ? [] : [only].flat();

const listings = {
  key: 'a key has a kind and a name, such as image:nginx and package:zlib@x86_64: the console lists all',
  'log of': 'the console lists all keys; those that were never looked at have no log',
  package: 'kiln package ls lists the packages',
  image: 'kiln image ls lists the images',
  repository: 'kiln image ls --all lists the repositories',
};

function notFound(kind: keyof typeof listings, name: string): KilnError {
  return new KilnError('API_NOT_FOUND', `there is no ${kind} ${shorten(name)}`, {
    hint: listings[kind],
  });
}

/** Kiln's own API; the OpenAPI document is made from these routes. */
export async function apiRoutes(
  server: FastifyInstance,
  options: ApiOptions,
  log: Logger,
): Promise<void> {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const { views, queue, retention, clock } = options;
  // Streams would keep a server that closes waiting for those who watch.
  const closing = new AbortController();
  server.addHook('preClose', async () => closing.abort());
  componentRoutes(server, options.components);
  retentionRoutes(server, retention);
  repositoryRoutes(server, views);
  compositionRoutes(server, options.compositions, log);
  imageRoutes(server, options.images);

  app.get(
    '/status',
    { schema: { querystring: onlyQuery, response: { 200: schemas.status } } },
    async (request) => {
      const [status, swept] = await Promise.all([
        readStatus(views, options.addresses(), names(request.query.only), clock.now()),
        retention.status(),
      ]);
      return { ...status, retention: retentionSummary(swept) };
    },
  );

  app.get(
    '/keys',
    { schema: { querystring: onlyQuery, response: { 200: z.array(schemas.keySummary) } } },
    async (request) => [...(await listKeys(views, names(request.query.only), clock.now()))],
  );

  app.get(
    '/keys/:key',
    { schema: { params: z.object({ key: z.string() }), response: { 200: schemas.keyDetail } } },
    async (request) => {
      const detail = await keyDetail(views, parseKey(request.params.key), clock.now());
      if (detail === undefined) throw notFound('key', request.params.key);
      return detail;
    },
  );

  app.get(
    '/keys/:key/log',
    {
      schema: {
        params: z.object({ key: z.string() }),
        querystring: z.object({ follow: z.string().optional(), attempt: z.string().optional() }),
        response: { 200: streamed('text/plain', 'what the attempt wrote') },
      },
    },
    async (request, reply) => {
      const signal = untilGone(request);
      const history = await queue.history(parseKey(request.params.key));
      const attempt =
        request.query.attempt === undefined
          ? (history.find((one) => one.finishedAt === undefined) ??
            history.find(
              (one) => one.log !== undefined && logSize(options.attempts, one.log) > 0,
            ) ??
            history.find((one) => one.log !== undefined))
          : history.find((one) => one.attemptId === request.query.attempt);
      if (attempt === undefined) throw notFound('log of', request.params.key);
      const ended = async (): Promise<boolean> =>
        closing.signal.aborted ||
        (await queue.history(attempt.key)).find((one) => one.attemptId === attempt.attemptId)
          ?.finishedAt !== undefined;
      const file = path.join(options.attempts, `${attempt.attemptId}.log`);
      const follows = request.query.follow === 'true';
      return text(
        reply,
        followLog(file, {
          ended: follows ? ended : () => Promise.resolve(true),
          signal,
        }),
      );
    },
  );

  app.get(
    '/packages',
    {
      schema: {
        querystring: z.object({ seed: z.string().optional() }),
        response: { 200: z.array(schemas.packageSummary) },
      },
    },
    async (request) => [...(await listPackages(views.records, request.query.seed === 'true'))],
  );

  app.get(
    '/packages/:name',
    {
      schema: { params: z.object({ name: z.string() }), response: { 200: schemas.packageDetail } },
    },
    async (request) => {
      const detail = await packageDetail(views.records, request.params.name, options.addresses());
      if (detail === undefined) throw notFound('package', request.params.name);
      return detail;
    },
  );

  app.get('/images', { schema: { response: { 200: z.array(schemas.imageSummary) } } }, async () => [
    ...(await listImages(views, options.addresses().registry)),
  ]);

  app.get(
    '/images/:name',
    { schema: { params: z.object({ name: z.string() }), response: { 200: schemas.imageDetail } } },
    async (request) => {
      const detail = await imageDetail(views, request.params.name, options.addresses());
      if (detail === undefined) throw notFound('image', request.params.name);
      return detail;
    },
  );

  app.get(
    '/images/:name/history',
    {
      schema: {
        params: z.object({ name: z.string() }),
        querystring: z.object({
          tag: z.string().optional(),
          before: z.coerce.number().int().positive().optional(),
          limit: z.coerce.number().int().min(1).max(1000).default(100),
        }),
        response: { 200: schemas.tagHistory },
      },
    },
    async (request) => {
      const { tag, before, limit } = request.query;
      const { name } = request.params;
      const history = await tagHistory(views.registry, name, { tag, before, limit });
      if (history === undefined) throw notFound('repository', name);
      return history;
    },
  );

  app.get('/queue', { schema: { response: { 200: z.array(schemas.queueRow) } } }, async () => [
    ...(await listQueue(queue)),
  ]);

  const keysBody = z.object({ keys: z.array(z.string()).max(10_000) });
  app.post(
    '/queue/retry',
    { schema: { body: keysBody, response: { 200: keysBody } } },
    async (request) => {
      const keys = request.body.keys.map(parseKey);
      return { keys: [...(await (keys.length === 0 ? queue.retry() : queue.retry(keys)))] };
    },
  );

  app.post(
    '/resync',
    { schema: { body: keysBody, response: { 200: keysBody } } },
    async (request) => {
      const desired = await views.records.listDesired();
      const keys = new Set(request.body.keys);
      const wanted = keys.size === 0 ? desired : desired.filter((one) => keys.has(one.key));
      for (const { key } of wanted) keys.delete(key);
      const [missing] = keys;
      if (missing !== undefined) throw notFound('key', missing);
      await queue.enqueue(
        wanted.map((one) => ({ key: one.key, priority: 20, reason: 'asked for by a person' })),
      );
      return { keys: wanted.map((one) => one.key) };
    },
  );

  app.post(
    '/selection',
    {
      schema: {
        body: z.object({
          only: z.array(z.string()).max(1000),
          catalog: z.string().refine(path.isAbsolute, 'not an absolute path').optional(),
        }),
        response: { 200: z.object({}) },
      },
    },
    async (request) => {
      const { only, catalog } = request.body;
      if (catalog !== undefined) requireCatalog(catalog);
      await options.select({ only, catalog });
      return {};
    },
  );

  const changes = streamed('text/event-stream', 'an event named changed whenever something did');
  app.get('/events', { schema: { response: { 200: changes } } }, (request, reply) => {
    reply.header('content-type', 'text/event-stream').header('cache-control', 'no-store');
    return reply.send(
      Readable.from(events(options, AbortSignal.any([untilGone(request), closing.signal]))),
    );
  });
}

/** Aborted when the connection of a request is closed from now on. */
function untilGone({ raw }: FastifyRequest): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}

function logSize(folder: string, reference: string): number {
  return (
    fs.statSync(path.join(folder, path.basename(reference)), { throwIfNoEntry: false })?.size ?? 0
  );
}

function text(reply: FastifyReply, source: AsyncIterable<Uint8Array>): FastifyReply {
  return reply
    .header('content-type', 'text/plain; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send(Readable.from(source));
}

type Watched = Pick<ApiOptions, 'views' | 'queue' | 'retention'>;

/** A text that differs when a page would show something else. */
async function fingerprint({ views, queue, retention }: Watched): Promise<string> {
  const [states, counts, desired, problems, [latest], tags, swept] = await Promise.all([
    views.records.listStates(),
    queue.counts(),
    views.records.listDesired(),
    views.records.problems(),
    queue.recentAttempts({ limit: 1 }),
    views.registry.newestSequence(),
    retention.status(),
  ]);
  const newest = states.reduce((newestAt, state) => Math.max(newestAt, state.updatedAt), 0);
  const wanted = desired.map((one) => one.key + one.bundle).join(' ');
  return JSON.stringify([
    counts,
    states.length,
    newest,
    latest,
    digestOf(wanted),
    [...views.unreadable(), ...problems],
    tags,
    retentionSummary(swept),
  ]);
}

/** One event each time something changed, with a sign of life in between. */
async function* events(watched: Watched, signal: AbortSignal): AsyncIterable<string> {
  let before = '';
  let quiet = 0;
  while (!signal.aborted) {
    const now = await fingerprint(watched);
    quiet = now === before ? quiet + 1 : 0;
    if (now !== before) yield 'event: changed\ndata: {}\n\n';
    else if (quiet % 30 === 29) yield ': still here\n\n';
    before = now;
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
}
