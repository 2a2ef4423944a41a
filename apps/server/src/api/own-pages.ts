import { KilnError, shorten } from '@kiln/base';

export interface Caller {
  /** The `Host` header. */
  readonly host?: string | undefined;
  /** The `Origin` header, which browsers send and other clients do not. */
  readonly origin?: string | undefined;
}

const ownNames = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Only this machine's own pages may call: a page from elsewhere has another origin, or (after its name was rebound to
 * this machine) another host name. Throws `API_FOREIGN_ORIGIN`.
 */
export function refuseForeign({ host, origin }: Caller): void {
  const name = (host ?? '').replace(/:\d+$/, '');
  if (ownNames.includes(name) && (origin === undefined || origin === `http://${host}`)) return;
  throw new KilnError(
    'API_FOREIGN_ORIGIN',
    `a page of "${shorten(origin ?? name)}" may not call this factory`,
    { hint: 'open the console at the address that kiln status prints' },
  );
}
