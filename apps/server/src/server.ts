import fs from 'node:fs';
import path from 'node:path';
import type { Logger } from '@kiln/base';
import { compareBytes } from '@kiln/base';
import type { PublicKey } from '@kiln/apk-repository';
import { apkRepository } from '@kiln/apk-repository';
import { generationReader, provenanceOf } from '@kiln/factory';
import { ociRegistry } from '@kiln/oci-registry';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import Fastify from 'fastify';
import type { ApiOptions } from './api/routes.ts';
import { apiPlugin } from './api/plugin.ts';
import { foreseen } from './api/tellable.ts';
import type { Factory } from './compose.ts';
import { originForm } from './origin-form.ts';
import type { Place } from './place.ts';
import { pushPolicy } from './push-policy.ts';
import { answerUnknown, refusing } from './refused-requests.ts';
import { endSlowClients } from './slow-clients.ts';

export interface ServerOptions {
  readonly factory: Factory;
  readonly place: Place;
  readonly api: ApiOptions;
  readonly log: Logger;
  /** The built console, served at `/` where it exists. */
  readonly consoleFolder: string;
}

/** What the console's pages may do: no script, style or request that is not this server's own. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Files under `assets/` are named after their content; everything else is asked for again each time. */
function consoleHeaders(reply: FastifyReply, file: string): void {
  reply.header('content-security-policy', contentPolicy);
  reply.header('x-content-type-options', 'nosniff');
  reply.header('referrer-policy', 'no-referrer');
  reply.header(
    'cache-control',
    file.includes(`${path.sep}assets${path.sep}`)
      ? 'public, max-age=31536000, immutable'
      : 'no-cache',
  );
}

/** The one HTTP server: API, registry, package repositories, console. It does not listen yet. */
export async function makeServer(options: ServerOptions): Promise<FastifyInstance> {
  const { factory, place, log } = options;
  const refuse = refusing(log);
  const server = Fastify({
    logger: false,
    bodyLimit: 8 * 1024 * 1024,
    forceCloseConnections: 'idle',
    rewriteUrl: originForm,
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: (error, request, reply) => void refuse(error, request, reply),
  });
  server.setErrorHandler(refuse);
  endSlowClients(server);
  await server.register(async (scope) => apiPlugin(scope, { api: options.api, log }), {
    prefix: '/api',
  });
  await server.register(ociRegistry, {
    blobs: factory.blobs,
    state: factory.registry,
    uploadsDirectory: place.uploads,
    takeFile: (file, options) => factory.blobs.take(file, options),
    authorizePush: pushPolicy(factory.records),
    foreseen,
    logger: log,
  });
  await server.register(apkRepository, {
    blobs: factory.blobs,
    generations: generationReader(factory.records),
    provenance: (apk) => provenanceOf(factory.records, apk),
    keys: await publicKeysIn(place.publicKeys),
    foreseen,
    logger: log,
  });
  await serveConsole(server, options.consoleFolder);
  return server;
}

/** The console may be built, or built anew, while the server runs: files are looked for at each request. */
async function serveConsole(server: FastifyInstance, folder: string): Promise<void> {
  await fs.promises.mkdir(folder, { recursive: true });
  await server.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    setHeaders: consoleHeaders,
  });
  // The console's own routes are one page.
  server.setNotFoundHandler((request, reply) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const page = isRead && request.headers.accept?.includes('text/html') === true;
    if (!page) return answerUnknown(request, reply);
    if (fs.existsSync(path.join(folder, 'index.html'))) return reply.sendFile('index.html');
    return reply
      .status(503)
      .header('retry-after', '5')
      .type('text/plain; charset=utf-8')
      .send('The console is not built yet: kiln up builds it.\n');
  });
}

/** The public apk keys of this factory. */
async function publicKeysIn(folder: string): Promise<readonly PublicKey[]> {
  const names = (await fs.promises.readdir(folder)).filter((name) => name.endsWith('.rsa.pub'));
  return Promise.all(
    names.sort(compareBytes).map(async (name) => ({
      name,
      pem: await fs.promises.readFile(path.join(folder, name), 'utf8'),
    })),
  );
}
