import fs from 'node:fs';
import path from 'node:path';
import type { Logger } from '@kiln/base';
import { KilnError, compareBytes, messageOf, shorten } from '@kiln/base';
import type { PublicKey } from '@kiln/apk-repository';
import { apkRepository } from '@kiln/apk-repository';
import { generationReader } from '@kiln/factory';
import { ociRegistry } from '@kiln/oci-registry';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Fastify from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { ApiOptions } from './api/routes.ts';
import { apiRoutes } from './api/routes.ts';
import type { Factory } from './compose.ts';
import type { Place } from './place.ts';

export interface ServerOptions {
  readonly factory: Factory;
  readonly place: Place;
  readonly api: ApiOptions;
  readonly log: Logger;
  /** The built console, served at `/` where it exists. */
  readonly consoleFolder: string;
}

/** The HTTP status of an error that a person can cause. */
function statusOf(error: KilnError): number {
  if (error.code.endsWith('_NOT_FOUND')) return 404;
  if (error.retry === 'later') return 503;
  return 400;
}

/** Only this machine's own pages may call the API: a page from elsewhere has another origin, or another host name. */
function refuseForeign(request: FastifyRequest): void {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const origin = request.headers.origin;
  const own = ['127.0.0.1', 'localhost', '[::1]'];
  if (!own.includes(host) || (origin !== undefined && origin !== `http://${request.headers.host}`)) {
    throw new KilnError('API_FOREIGN_ORIGIN', `a page of "${shorten(origin ?? host)}" may not call this API`, { hint: 'open the console at the address that kiln status prints' });
  }
}

async function api(server: FastifyInstance, options: ServerOptions): Promise<void> {
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.addHook('onRequest', async (request) => refuseForeign(request));
  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof KilnError) {
      return reply.status(statusOf(error)).send({ error: { code: error.code, message: error.message, hint: error.hint ?? '' } });
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) options.log.error('request failed', { error: messageOf(error) });
    const code = status >= 500 ? 'INTERNAL' : 'API_INVALID';
    return reply.status(status).send({ error: { code, message: messageOf(error), hint: '' } });
  });
  await server.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Kiln', description: 'The API of one factory.', version: '1' } },
    transform: jsonSchemaTransform,
  });
  await apiRoutes(server, options.api);
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger());
}

/** The one HTTP server: API, registry, package repositories, console. It does not listen yet. */
export async function makeServer(options: ServerOptions): Promise<FastifyInstance> {
  const { factory, place, log } = options;
  const server = Fastify({ logger: false, bodyLimit: 8 * 1024 * 1024, forceCloseConnections: 'idle', routerOptions: { maxParamLength: 1024 } });
  await server.register(async (scope) => api(scope, options), { prefix: '/api' });
  await server.register(ociRegistry, { blobs: factory.blobs, state: factory.registry, uploadsDirectory: place.uploads, logger: log });
  await server.register(apkRepository, {
    blobs: factory.blobs,
    generations: generationReader(factory.records),
    keys: await publicKeysIn(place.publicKeys),
  });
  if (fs.existsSync(path.join(options.consoleFolder, 'index.html'))) {
    await server.register(fastifyStatic, { root: options.consoleFolder, wildcard: false });
    // The console's own routes are one page.
    server.setNotFoundHandler((request, reply) =>
      request.method === 'GET' && request.headers.accept?.includes('text/html') === true
        ? reply.sendFile('index.html')
        : reply.status(404).send({ error: { code: 'API_NOT_FOUND', message: 'there is nothing here', hint: '' } }),
    );
  }
  return server;
}

/** The public apk keys of this factory. */
async function publicKeysIn(folder: string): Promise<readonly PublicKey[]> {
  const names = (await fs.promises.readdir(folder)).filter((name) => name.endsWith('.rsa.pub'));
  return Promise.all(names.sort(compareBytes).map(async (name) => ({ name, pem: await fs.promises.readFile(path.join(folder, name), 'utf8') })));
}
