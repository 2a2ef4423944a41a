/**
 * How a client talks to the signer process: HTTP/1.1 over a Unix socket, one request a connection.
 *
 * | Request | Body | Answer |
 * |---|---|---|
 * | `GET /v1/public-keys` | none | JSON: `apkKeyName`, `apkKeyPem`, `imageKeyPem` |
 * | `POST /v1/sign-control` | JSON: `digest`, `mtimeSeconds` | the signature segment |
 * | `POST /v1/sign-index` | JSON: `digest` | the signature segment |
 * | `POST /v1/sign-statement` | JSON: `digest` | the bundle |
 * | `POST /v1/sign-statements` | JSON: `digests` | JSON: `signatures`, each with `signature` in base64 and `keyHint` |
 *
 * A failure has status 4xx or 503 and a JSON body: `code`, `message`, `hint`. Requests are idempotent and the signer keeps
 * nothing between them, so a client whose signer dies repeats its request to the next one.
 */
export const signerPaths = {
  publicKeys: '/v1/public-keys',
  control: '/v1/sign-control',
  index: '/v1/sign-index',
  statement: '/v1/sign-statement',
  statements: '/v1/sign-statements',
} as const;

/** Bounds of one exchange. */
export interface SignerLimits {
  readonly requestSizeBytesMax: number;
  /** A bundle of the largest statement, and a little. */
  readonly answerSizeBytesMax: number;
  readonly connectionsMax: number;
  readonly headersMs: number;
  readonly requestMs: number;
  /** Of `sockaddr_un` on Linux, without the final zero. */
  readonly socketPathBytesMax: number;
}

export const signerLimits: SignerLimits = {
  // 1024 digests and a little.
  requestSizeBytesMax: 96 * 1024,
  answerSizeBytesMax: 64 * 1024 * 1024,
  connectionsMax: 64,
  headersMs: 5000,
  requestMs: 30_000,
  socketPathBytesMax: 107,
};

/** The JSON body of a refusal. */
export interface SignerRefusal {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}
