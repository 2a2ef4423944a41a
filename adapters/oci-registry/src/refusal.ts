import { KilnError } from '@kiln/base';

/** Error codes of the OCI distribution specification ("Error Codes") and the status each usually goes with. */
const statusOf = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
} as const;

export type OciErrorCode = keyof typeof statusOf;

export interface RefusalOptions {
  /** Instead of the usual status of the code. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is answered with an OCI error; its code is `REGISTRY_` and the OCI code. */
export class RegistryRefusal extends KilnError {
  readonly ociCode: OciErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(ociCode: OciErrorCode, message: string, options: RefusalOptions = {}) {
    super(`REGISTRY_${ociCode}`, message);
    this.ociCode = ociCode;
    this.status = options.status ?? statusOf[ociCode];
    this.headers = options.headers ?? {};
  }
}

/** What went wrong, as HTTP. Anything not foreseen says no more than that it failed. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly errors: readonly { readonly code: string; readonly message: string }[];
  };
}

/** Translates whatever a request threw. */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof RegistryRefusal) {
    return answer(error.status, error.ociCode, error.message, error.headers);
  }
  if (!(error instanceof KilnError)) return answer(500, 'UNKNOWN', 'internal error');
  switch (error.code) {
    case 'BLOB_UNKNOWN':
      return answer(404, 'BLOB_UNKNOWN', error.message);
    case 'REGISTRY_CONTENT_UNKNOWN':
      return answer(404, 'MANIFEST_BLOB_UNKNOWN', error.message);
    case 'BLOB_DIGEST_MISMATCH':
      return answer(400, 'DIGEST_INVALID', error.message);
    case 'BLOB_NO_SPACE':
      return answer(507, 'UNKNOWN', 'the registry has no space left');
    default:
      // Docker's code for what the specification has none for.
      if (error.retry === 'later')
        return answer(503, 'UNAVAILABLE', 'not available at the moment', { 'retry-after': '5' });
      return answer(500, 'UNKNOWN', 'internal error');
  }
}

function answer(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ErrorAnswer {
  return { status, headers, body: { errors: [{ code, message }] } };
}
