import { Readable } from 'node:stream';
import type { Logger } from '@kiln/base';
import { KilnError, linesOf, messageOf } from '@kiln/base';
import type { ComposedResult, Composition } from '@kiln/compose/composition';
import { composedSbomFormats, overlayBytesMax } from '@kiln/compose/composition';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { CompositionAnswer } from './composition-schemas.ts';
import { holdsNul } from './nul.ts';
import { streamed } from './streamed.ts';
import { tellable } from './tellable.ts';

export interface CompositionPort {
  /** Composes and publishes what comes, and tells of each in order. */
  compose(compositions: AsyncIterable<Composition>): AsyncIterable<ComposedResult>;
}

const jsonLines = 'application/x-ndjson';
const lineBytesMax = 2 * overlayBytesMax;

const name = z.string().refine((text) => !holdsNul(text), 'has a NUL');

/** An object as it came: one of names and values would be without a `__proto__`, which parsing of the overlay refuses. */
const document = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

const composition = z.strictObject({
  base: name,
  repository: name,
  tags: z.array(name).default([]),
  overlay: z.union([z.string(), document]).default({}),
  sbomFormats: z
    .array(z.enum(composedSbomFormats))
    .refine(
      (formats) => formats.includes('spdx'),
      'has to have "spdx", which verification asks for',
    )
    .transform((formats) => [...new Set(formats)])
    .default(['spdx']),
});

/** Images made of others: questions and answers are lines of JSON, any number of them, each answered in its turn. */
export function compositionRoutes(
  server: FastifyInstance,
  compositions: CompositionPort,
  log: Logger,
): void {
  server.addContentTypeParser(jsonLines, (_request, payload, done) => done(null, payload));
  server.post(
    '/compositions',
    {
      schema: {
        consumes: [jsonLines],
        description:
          'Composes images of the catalog with others laid over them. The body is a line of JSON for each, with "base", "repository", "tags", "overlay" (an image configuration) and "sbomFormats" (["spdx"], or with "cyclonedx" as well); so is the answer, with "digest", or "error". A line with "ended" is the last one: what befell the whole.',
        body: z.unknown().describe('a line of JSON for each image'),
        response: { 200: streamed(jsonLines, 'a line of JSON for each image, in their order') },
      },
    },
    (request, reply) => {
      if (!(request.body instanceof Readable))
        throw new KilnError('COMPOSE_BODY_INVALID', `the body is not ${jsonLines}`, {
          hint: 'send a line of JSON for each image; kiln image compose does',
        });
      const answers = answersTo(compositions, request.body, log);
      return reply.header('content-type', jsonLines).send(Readable.from(answers));
    },
  );
}

async function* answersTo(
  compositions: CompositionPort,
  body: Readable,
  log: Logger,
): AsyncIterable<string> {
  const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  // The head of the answer goes out: who asks knows that a factory listens, however long the first image takes.
  yield '';
  try {
    for await (const result of compositions.compose(readLines(chunks)))
      yield line(answerOf(result));
  } catch (error) {
    if (!(error instanceof KilnError) && !body.destroyed)
      log.error('composing failed', { error: messageOf(error) });
    yield line({ error: tellable(error), ended: true });
  } finally {
    // What nobody asked for any more comes nevertheless: before the next request of its connection.
    body.resume();
  }
}

async function* readLines(body: AsyncIterable<Uint8Array>): AsyncIterable<Composition> {
  const tooLong = (): KilnError =>
    new KilnError('COMPOSE_BODY_INVALID', `a line is longer than ${lineBytesMax} bytes`, {
      hint: 'an overlay has 64 KiB at the most: put large contents into a package',
    });
  let number = 0;
  const notUtf8 = (): KilnError =>
    new KilnError('COMPOSE_BODY_INVALID', `line ${number + 1} is not UTF-8`);
  for await (const text of linesOf(body, lineBytesMax, tooLong, notUtf8)) {
    number += 1;
    if (text.trim() !== '') yield readLine(text, number);
  }
}

const lineHint = 'a line has base, repository, tags, overlay and sbomFormats';

function readLine(text: string, number: number): Composition {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new KilnError('COMPOSE_BODY_INVALID', `line ${number} is not JSON`, { hint: lineHint });
  }
  const { success, data, error } = composition.safeParse(value);
  if (!success) {
    const { path, message } = error.issues[0] ?? { path: [], message: 'not understood' };
    const where = path.length === 0 ? '' : `${path.join('.')}: `;
    throw new KilnError(
      'COMPOSE_BODY_INVALID',
      `line ${number}: ${where}${message.charAt(0).toLowerCase()}${message.slice(1)}`,
      { hint: lineHint },
    );
  }
  const { overlay, ...rest } = data;
  return { ...rest, overlay: typeof overlay === 'string' ? overlay : JSON.stringify(overlay) };
}

function answerOf(result: ComposedResult): CompositionAnswer {
  if (result.kind === 'refused') {
    const { code, message, hint } = result;
    return { error: { code, message, hint } };
  }
  const { repository, digest, tags } = result;
  return { repository, digest, tags: [...tags] };
}

function line(answer: CompositionAnswer): string {
  return `${JSON.stringify(answer)}\n`;
}
