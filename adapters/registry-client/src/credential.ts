/** Who asks a registry. Secret: it is never printed. */
export type RegistryCredential =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** An OAuth refresh token, for which the registry's token service gives access tokens. */
  | { readonly kind: 'identity'; readonly token: string }
  /** Sent as it is. */
  | { readonly kind: 'bearer'; readonly token: string };

/** The value of `Authorization` for HTTP's Basic scheme (RFC 7617). */
export function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
