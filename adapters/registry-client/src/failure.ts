import { KilnError, shorten } from '@kiln/base';
import type { Details } from '@kiln/base';

type Code =
  | 'REGISTRY_CLIENT_ANSWER'
  | 'REGISTRY_CLIENT_CREDENTIALS'
  | 'REGISTRY_CLIENT_REFUSED'
  | 'REGISTRY_CLIENT_UNAVAILABLE';

/** An error of this package; nothing secret may be in it. */
export function failure(
  code: Code,
  message: string,
  hint: string,
  options: {
    readonly retry?: 'later';
    readonly details?: Details;
    readonly cause?: unknown;
  } = {},
): KilnError {
  return new KilnError(code, message, {
    hint,
    retry: options.retry ?? 'never',
    details: options.details ?? {},
    cause: options.cause,
  });
}

/** What a registry says of an error (distribution specification, "error codes"), shortened. */
export function errorsIn(body: string): string {
  try {
    const value = JSON.parse(body) as { readonly errors?: readonly Record<string, unknown>[] };
    const first = value.errors?.[0];
    const texts = [first?.['code'], first?.['message']].filter((one) => typeof one === 'string');
    return shorten(texts.join(': '), 300);
  } catch {
    // Whatever it is, it is for people who read web pages.
    return '';
  }
}
