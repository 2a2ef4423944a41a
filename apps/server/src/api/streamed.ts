import { z } from 'zod';

export interface StreamedAnswer {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>;
}

/** The schema of an answer that is sent as it comes, of a media type that is not JSON. */
export function streamed(mediaType: string, description: string): StreamedAnswer {
  return { description, content: { [mediaType]: { schema: z.string() } } };
}
