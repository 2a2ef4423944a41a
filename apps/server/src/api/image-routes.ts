import type { Digest } from '@kiln/base';
import { digestOf, hexOf, parseDigest } from '@kiln/base';
import { matchesEtag } from '@kiln/blobs';
import type { BillFormat, CompositionDifference, PackageReason } from '@kiln/inspect';
import { billFormats } from '@kiln/inspect';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { imageDifference, packageReason } from './image-schemas.ts';
import { streamed } from './streamed.ts';

/** A bill of materials of one version of an image. */
export interface ImageBill {
  /** The version: digest of its index. */
  readonly digest: Digest;
  readonly text: string;
}

/** What is told of the images of catalogs; a digest means a version, and none the present one. Each throws `API_NOT_FOUND` and `IMAGE_NOT_FOUND`. */
export interface ImagesPort {
  why(name: string, packageName: string, digest: Digest | undefined): Promise<PackageReason>;
  difference(name: string, from: Digest, to: Digest): Promise<CompositionDifference>;
  bill(name: string, format: BillFormat, digest: Digest | undefined): Promise<ImageBill>;
}

const bills: Readonly<Record<BillFormat, { readonly mediaType: string; readonly suffix: string }>> =
  {
    spdx: { mediaType: 'application/spdx+json', suffix: 'spdx.json' },
    cyclonedx: { mediaType: 'application/vnd.cyclonedx+json', suffix: 'cdx.json' },
  };

const params = z.object({ name: z.string() });
const version = z
  .string()
  .describe('the digest of an index that a tag of the image points at, or pointed at');

/** Why packages are in the images of catalogs, what changed from version to version, and what was signed about them. */
export function imageRoutes(server: FastifyInstance, images: ImagesPort): void {
  const app = server.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/images/:name/why',
    {
      schema: {
        params,
        querystring: z.object({
          package: z.string().min(1).max(1000),
          digest: version.optional(),
        }),
        response: { 200: packageReason },
      },
    },
    (request) => {
      const { package: packageName, digest } = request.query;
      return images.why(request.params.name, packageName, digestIn(digest));
    },
  );

  app.get(
    '/images/:name/diff',
    {
      schema: {
        description:
          'What changed from one version to another: packages and settings. Files are not compared, because that takes all layers of both: kiln image diff does.',
        params,
        querystring: z.object({ from: version, to: version }),
        response: { 200: imageDifference },
      },
    },
    (request) => {
      const { from, to } = request.query;
      return images.difference(request.params.name, parseDigest(from), parseDigest(to));
    },
  );

  app.get(
    '/images/:name/sbom',
    {
      schema: {
        description:
          'The software bill of materials that the factory signed about the image, after its signature was checked.',
        params,
        querystring: z.object({
          format: z.enum(billFormats).default('spdx'),
          digest: version.optional(),
        }),
        response: {
          200: {
            description: 'the document, as a file to save',
            content: Object.assign(
              {},
              ...Object.values(bills).map(({ mediaType }) => streamed(mediaType, '').content),
            ) as ReturnType<typeof streamed>['content'],
          },
          304: z.null().describe('the document is still the one of the entity tag'),
        },
      },
    },
    async (request, reply) => {
      const { format, digest: wanted } = request.query;
      const { name } = request.params;
      const { digest, text } = await images.bill(name, format, digestIn(wanted));
      const { mediaType, suffix } = bills[format];
      const file = `${name.replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${hexOf(digest).slice(0, 12)}.${suffix}`;
      const etag = `"${digestOf(text)}"`;
      reply
        .header('etag', etag)
        .header('cache-control', 'no-cache')
        .header('x-content-type-options', 'nosniff')
        .header('content-type', mediaType)
        .header('content-disposition', `attachment; filename="${file}"`);
      const known = request.headers['if-none-match'];
      if (known !== undefined && matchesEtag(known, etag)) return reply.status(304).send(null);
      return reply.send(Buffer.from(text));
    },
  );
}

/** Throws `DIGEST_INVALID`. */
function digestIn(text: string | undefined): Digest | undefined {
  return text === undefined ? undefined : parseDigest(text);
}
