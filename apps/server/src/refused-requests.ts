import type { Logger } from '@kiln/base';
import { messageOf, shorten } from '@kiln/base';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasLeft } from './api/has-left.ts';

type Asked = Pick<FastifyRequest, 'url' | 'raw'>;

/** Kiln's own shape of a refusal, and the registry's below `/v2/`, whose clients read no other. */
export function refusalBody({ url }: Pick<Asked, 'url'>, code: string, message: string): object {
  return /^\/v2(?:[/?]|$)/.test(url)
    ? { errors: [{ code: code === 'INTERNAL' ? 'UNKNOWN' : 'UNSUPPORTED', message }] }
    : { error: { code, message, hint: '' } };
}

/** What may have been said already of a content that then could not be read. */
const ofContent = ['cache-control', 'content-type', 'etag', 'last-modified'];

/** Answers for what ends before a route or outside of any, such as an address that is no UTF-8. */
export function refusing(
  log: Logger,
): (error: unknown, request: Asked, reply: FastifyReply) => FastifyReply {
  return (error, request, reply) => {
    if (hasLeft(request.raw)) return reply.status(400).send();
    for (const name of ofContent) reply.removeHeader(name);
    const { code, statusCode } = error as { readonly code?: string; readonly statusCode?: number };
    // Paths such as `//images`, which no file and no page has.
    if (code === 'FST_STATIC_FORBIDDEN_PATH') return answerUnknown(request, reply);
    if (statusCode !== undefined && statusCode < 500)
      return reply
        .status(statusCode)
        .send(refusalBody(request, 'API_INVALID', shorten(messageOf(error), 200)));
    log.error('request failed', { error: messageOf(error) });
    return reply.status(500).send(refusalBody(request, 'INTERNAL', 'internal error'));
  };
}

/** Answers for an address that is nobody's. */
export function answerUnknown(request: Asked, reply: FastifyReply): FastifyReply {
  return reply.status(404).send(refusalBody(request, 'API_NOT_FOUND', 'there is nothing here'));
}
