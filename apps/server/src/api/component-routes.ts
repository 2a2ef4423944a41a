import { KilnError, parseDigest, shorten } from '@kiln/base';
import type { ComponentIndex, RegistryState } from '@kiln/factory';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { componentsOfImage, imagesUsing } from '../component-views.ts';
import { imageComponents, usedBy } from './component-schemas.ts';

export interface ComponentPorts {
  readonly components: ComponentIndex;
  readonly registry: Pick<RegistryState, 'tag' | 'hasRepository'>;
}

/** From packages to the images that have them, and back. */
export function componentRoutes(server: FastifyInstance, ports: ComponentPorts): void {
  const app = server.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/packages/:name/images',
    {
      schema: {
        params: z.object({ name: z.string() }),
        querystring: z.object({
          version: z
            .string()
            .optional()
            .describe('a version, or a constraint such as <3.5.1-r0; any when absent'),
          all: z
            .enum(['true', 'false'])
            .default('false')
            .describe('also images that no tag points at any more'),
          after: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(1000).default(100),
        }),
        response: { 200: usedBy },
      },
    },
    (request) => {
      const { version: constraint, all, after, limit } = request.query;
      const { name } = request.params;
      const tagged = all === 'false';
      return imagesUsing(ports.components, { name, constraint, tagged, after, limit });
    },
  );

  app.get(
    '/images/:name/components',
    {
      schema: {
        params: z.object({ name: z.string() }),
        querystring: z.object({
          tag: z.string().default('latest'),
          digest: z.string().optional().describe('instead of the tag'),
        }),
        response: { 200: imageComponents },
      },
    },
    async (request) => {
      const { name: repository } = request.params;
      const { tag, digest } = request.query;
      const parsed = digest === undefined ? undefined : parseDigest(digest);
      const image = { repository, tag, digest: parsed };
      const found = await componentsOfImage(ports.components, ports.registry, image);
      if (found !== undefined) return found;
      const wanted = shorten(`${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`);
      if (await ports.registry.hasRepository(repository))
        throw new KilnError('API_NOT_FOUND', `nobody said what ${wanted} is made of`, {
          hint: 'name the digest or tag of an index that the factory made; kiln image history lists them',
        });
      throw new KilnError('API_NOT_FOUND', `there is no repository ${shorten(repository)}`, {
        hint: 'kiln image ls --all lists the repositories',
      });
    },
  );
}
