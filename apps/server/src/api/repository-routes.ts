import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { RepositoryPorts } from '../repository-views.ts';
import { listRepositories } from '../repository-views.ts';
import { repositoryList } from './repository-schemas.ts';

/** Everything that the registry shows, also what is no image of a catalog. */
export function repositoryRoutes(server: FastifyInstance, ports: RepositoryPorts): void {
  server.withTypeProvider<ZodTypeProvider>().get(
    '/repositories',
    {
      schema: {
        querystring: z.object({
          after: z.string().max(1000).default('').describe('the last name of the page before'),
          limit: z.coerce.number().int().min(1).max(1000).default(100),
          others: z
            .enum(['true', 'false'])
            .default('false')
            .describe('only those that are no image of a catalog'),
        }),
        response: { 200: repositoryList },
      },
    },
    (request) => {
      const { after, limit, others } = request.query;
      return listRepositories(ports, { after, limit, others: others === 'true' });
    },
  );
}
