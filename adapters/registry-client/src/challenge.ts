/** What a registry wants to be shown (RFC 9110, 11.6.1, as the token specification of the distribution project uses it). */
export type Challenge =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/** Reads `WWW-Authenticate`; undefined for schemes that nobody here knows. */
export function parseChallenge(header: string): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*([A-Za-z]+)\s*(.*)$/s.exec(header) ?? [];
  if (scheme.toLowerCase() === 'basic') return { kind: 'basic' };
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  const values = new Map(
    [...rest.matchAll(/([A-Za-z]+)="([^"]*)"|([A-Za-z]+)=([^",\s]+)/g)].map((match) => [
      (match[1] ?? match[3] ?? '').toLowerCase(),
      match[2] ?? match[4] ?? '',
    ]),
  );
  const realm = values.get('realm');
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  return { kind: 'bearer', realm, service: values.get('service'), scope: values.get('scope') };
}
