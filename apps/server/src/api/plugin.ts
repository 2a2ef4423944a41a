import type { Logger } from '@kiln/base';
import { KilnError, messageOf } from '@kiln/base';
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { refuseForeign } from './own-pages.ts';
import type { ApiOptions } from './routes.ts';
import { apiRoutes } from './routes.ts';
import { apiError } from './schemas.ts';
import { holdsNul } from './nul.ts';
import { hasLeft } from './has-left.ts';
import { serverName } from './server-name.ts';
import { foreseen, tellable } from './tellable.ts';

/** The HTTP status of an error that a person can cause. */
function statusOf(error: KilnError): number {
  if (error.code.endsWith('_NOT_FOUND')) return 404;
  if (error.retry === 'later') return 503;
  return 400;
}

/** Requests are described where they are used: the components are the shapes of answers only. */
function withoutInputs(
  document: ReturnType<typeof jsonSchemaTransformObject>,
): ReturnType<typeof jsonSchemaTransformObject> {
  const schemas = 'components' in document ? document.components?.schemas : undefined;
  for (const name of Object.keys(schemas ?? {})) if (name.endsWith('Input')) delete schemas?.[name];
  return document;
}

export interface ApiPluginOptions {
  readonly api: ApiOptions;
  readonly log: Logger;
}

/** Kiln's own API with its errors and its OpenAPI document, to be registered under a prefix. */
export async function apiPlugin(
  server: FastifyInstance,
  { api, log }: ApiPluginOptions,
): Promise<void> {
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.addHook('onRequest', async ({ headers }, reply) => {
    reply.header('server', serverName);
    // Of what changes while it is read; a route whose answers have an entity tag says otherwise.
    reply.header('cache-control', 'no-store');
    refuseForeign(headers);
  });
  server.addHook('preHandler', async ({ params, query, body }) => {
    if (holdsNul(params) || holdsNul(query) || holdsNul(body))
      throw new KilnError('API_INVALID', 'a text of the request has a NUL');
  });
  server.setErrorHandler((error, request, reply) => {
    // Whoever went away in the middle of a request reads no answer, and is nobody's failure.
    if (hasLeft(request.raw)) return reply.status(400).send();
    // It was that of a content that could not be read.
    reply.removeHeader('content-type');
    const known = foreseen(error);
    if (known !== undefined) {
      if (known !== error) log.warn('request failed', { error: messageOf(error) });
      const status = statusOf(known);
      if (status === 503) reply.header('retry-after', '5');
      return reply.status(status).send({ error: tellable(known) });
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status < 500)
      return reply
        .status(status)
        .send({ error: { code: 'API_INVALID', message: messageOf(error), hint: '' } });
    log.error('request failed', { error: messageOf(error) });
    return reply.status(status).send({ error: tellable(error) });
  });
  // Every route refuses in the same shape.
  server.addHook('onRoute', (route) => {
    const response = route.schema?.response as Record<string, unknown> | undefined;
    if (response !== undefined) Object.assign(response, { '4xx': apiError, '5xx': apiError });
  });
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Kiln', description: 'The API of one factory.', version: '1' },
    },
    transform: jsonSchemaTransform,
    transformObject: (input) => withoutInputs(jsonSchemaTransformObject(input)),
  });
  const methods = methodsByAddress(server);
  await apiRoutes(server, api, log);
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger());
  refuseOtherMethods(server, methods);
}

/** The methods of the routes that are registered from now on, by their addresses below the prefix. */
function methodsByAddress(server: FastifyInstance): ReadonlyMap<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  server.addHook('onRoute', ({ routePath, method }) => {
    const known = methods.get(routePath) ?? new Set();
    methods.set(routePath, known);
    for (const one of [method].flat()) known.add(one);
  });
  return methods;
}

/** Another method of an address that there is gets 405, and is told which there are. */
function refuseOtherMethods(
  server: FastifyInstance,
  methods: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  // Routes add to the map while they are registered.
  const found = [...methods];
  for (const [url, known] of found) {
    const allow = [...known].sort().join(', ');
    const method = server.supportedMethods.filter((one) => !known.has(one));
    const refuse = async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
      reply
        .code(405)
        .header('allow', allow)
        .send({
          error: { code: 'API_INVALID', message: `the methods here are ${allow}`, hint: '' },
        });
    // Before a body is looked at.
    server.route({ method, url, schema: { hide: true }, onRequest: refuse, handler: refuse });
  }
}
