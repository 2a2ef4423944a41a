import { KilnError, canonicalJson, hexOf, shorten } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { z } from 'zod';
import { intotoLimits } from './limits.ts';
import { parseStrictJson } from './strict-json.ts';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const STATEMENT_TYPE_V01 = 'https://in-toto.io/Statement/v0.1';

/** Algorithm to lower-case hexadecimal digest: `sha256`, `sha512`, `gitCommit` and so on. */
export type DigestSet = Readonly<Record<string, string>>;

/** An artifact as in-toto names it; in `resolvedDependencies` at least one of uri, digest and content is there. */
export interface ResourceDescriptor {
  readonly name?: string;
  readonly uri?: string;
  readonly digest?: DigestSet;
  /** Base64, less than 1 KiB decoded. */
  readonly content?: string;
  readonly downloadLocation?: string;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** An artifact that a statement speaks of; its digests alone identify it. */
export interface Subject extends ResourceDescriptor {
  readonly digest: DigestSet;
}

/** in-toto Statement v1. */
export interface Statement {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

const digestSet = z
  .record(
    z.string().min(1).max(64),
    z.string().regex(/^[0-9a-f]{8,256}$/, 'not lower-case hexadecimal'),
  )
  .refine((set) => Object.keys(set).length > 0, 'a digest needs an algorithm')
  .refine((set) => Object.keys(set).length <= intotoLimits.digestsPerSubjectMax, 'too many digests')
  .refine(
    (set) => set['sha256'] === undefined || set['sha256'].length === 64,
    'a sha256 digest has 64 digits',
  );

/** An object taken over as it was read, whatever its members are called. */
const jsonObject = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'not an object',
);

/** The schema of a resource descriptor; unknown members are dropped. */
export const resourceDescriptorSchema: z.ZodType<ResourceDescriptor> = z.object({
  name: z.string().exactOptional(),
  uri: z.string().exactOptional(),
  digest: digestSet.exactOptional(),
  content: z.string().max(1400).exactOptional(),
  downloadLocation: z.string().exactOptional(),
  mediaType: z.string().exactOptional(),
  annotations: z.record(z.string(), z.unknown()).exactOptional(),
});

const statementSchema = z.object({
  _type: z
    .enum([STATEMENT_TYPE, STATEMENT_TYPE_V01])
    .transform((): typeof STATEMENT_TYPE => STATEMENT_TYPE),
  subject: z
    .array(z.intersection(resourceDescriptorSchema, z.object({ digest: digestSet })))
    .min(1)
    .max(intotoLimits.subjectsMax)
    .refine(namesAreUnique, 'two subjects have one name'),
  predicateType: z.string().min(1).max(1024),
  predicate: jsonObject.nullish().transform((predicate) => predicate ?? {}),
});

function namesAreUnique(subjects: readonly ResourceDescriptor[]): boolean {
  const names = subjects.flatMap(({ name }) => (name === undefined || name === '' ? [] : [name]));
  return new Set(names).size === names.length;
}

/** A statement about one OCI manifest. `name` is the repository without tag; it identifies nothing. */
export function statementAbout(
  subject: { readonly name: string; readonly digest: Digest },
  predicateType: string,
  predicate: Readonly<Record<string, unknown>>,
): Statement {
  return {
    _type: STATEMENT_TYPE,
    subject: [{ name: subject.name, digest: { sha256: hexOf(subject.digest) } }],
    predicateType,
    predicate,
  };
}

/**
 * The bytes that `printStatement` prints, around the pieces of a predicate that is canonical JSON already and is neither read nor
 * checked. Throws `INTOTO_STATEMENT_INVALID` above 32 MiB.
 */
export function printStatementAround(
  subject: { readonly name: string; readonly digest: Digest },
  predicateType: string,
  predicate: readonly Uint8Array[],
): Uint8Array {
  const [before = '', after = ''] = canonicalJson(statementAbout(subject, predicateType, {})).split(
    '"predicate":{}',
  );
  const bytes = Buffer.concat([
    Buffer.from(`${before}"predicate":`),
    ...predicate,
    Buffer.from(after),
  ]);
  if (bytes.length <= intotoLimits.statementSizeBytesMax) return bytes;
  throw new KilnError(
    'INTOTO_STATEMENT_INVALID',
    `statement: ${bytes.length} bytes, at most ${intotoLimits.statementSizeBytesMax} are allowed`,
  );
}

/** Canonical JSON bytes: the same statement always gives the same bytes. Throws `INTOTO_STATEMENT_INVALID`. */
export function printStatement(statement: Statement): Uint8Array {
  const bytes = Buffer.from(canonicalJson(statement));
  parseStatement(bytes);
  return bytes;
}

/**
 * Reads an in-toto statement (v1; v0.1 reads as v1). Unknown members are ignored, the predicate is kept as it is.
 * At most 32 MiB, 1,024 subjects, 32 digests a subject. Throws `INTOTO_STATEMENT_INVALID`.
 */
export function parseStatement(bytes: Uint8Array): Statement {
  const code = 'INTOTO_STATEMENT_INVALID';
  const value = parseStrictJson(bytes, {
    code,
    what: 'statement',
    sizeBytesMax: intotoLimits.statementSizeBytesMax,
    depthMax: intotoLimits.depthMax,
  });
  const parsed = statementSchema.safeParse(value);
  if (!parsed.success) throw new KilnError(code, `statement: ${firstIssue(parsed.error)}`);
  return parsed.data;
}

/** `path: reason` of the first thing a schema refused. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'invalid';
  const path = issue.path.map(String).join('.');
  return shorten(path === '' ? issue.message : `${path}: ${issue.message}`, 200);
}

/** True when one subject has exactly this SHA-256. */
export function hasSubject(statement: Statement, digest: Digest): boolean {
  return statement.subject.some((subject) => subject.digest['sha256'] === hexOf(digest));
}
