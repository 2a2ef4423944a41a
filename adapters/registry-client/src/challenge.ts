/** What a registry wants to be shown (RFC 9110, 11.6.1, as the token specification of the distribution project uses it). */
export type Challenge =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/** Reads `WWW-Authenticate`: of several challenges the first that can be met; undefined where none can. */
export function parseChallenge(header: string): Challenge | undefined {
  return challengesOf(header)
    .map(challengeOf)
    .find((one) => one !== undefined);
}

interface NamedChallenge {
  readonly scheme: string;
  /** `NAME=VALUE`, or what else stands behind the name. */
  readonly parts: readonly string[];
}

/** Commas part challenges and their parameters alike; a challenge begins with a word that no `=` follows. */
function challengesOf(header: string): readonly NamedChallenge[] {
  const found: { scheme: string; parts: string[] }[] = [];
  for (const [part] of header.matchAll(/(?:"[^"]*"?|[^",])+/g)) {
    const [, scheme, rest] = /^\s*([A-Za-z][\w-]*)(?:\s+(?![\s=])(.*))?$/s.exec(part) ?? [];
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parts: [rest ?? ''] });
    else found.at(-1)?.parts.push(part);
  }
  return found;
}

function challengeOf({ scheme, parts }: NamedChallenge): Challenge | undefined {
  if (scheme === 'basic') return { kind: 'basic' };
  if (scheme !== 'bearer') return undefined;
  const values = new Map(
    parts.flatMap((part) => {
      const [, name, quoted, plain] =
        /^\s*([A-Za-z]+)\s*=\s*(?:"([^"]*)"|([^"\s]+))\s*$/.exec(part) ?? [];
      return name === undefined ? [] : [[name.toLowerCase(), quoted ?? plain ?? ''] as const];
    }),
  );
  const realm = values.get('realm');
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  return { kind: 'bearer', realm, service: values.get('service'), scope: values.get('scope') };
}
