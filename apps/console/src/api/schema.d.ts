// Made from docs/openapi.json by tools/openapi; run "node tools/openapi/src/main.ts" after a change of a route.
export interface paths {
    readonly "/api/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: never;
                readonly header?: never;
                readonly path?: never;
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/images": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: never;
                readonly header?: never;
                readonly path?: never;
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": readonly components["schemas"]["ImageSummary"][];
                    };
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/images/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: never;
                readonly header?: never;
                readonly path: {
                    readonly name: string;
                };
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ImageDetail"];
                    };
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/keys": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: {
                    readonly only?: string | readonly string[];
                };
                readonly header?: never;
                readonly path?: never;
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": readonly components["schemas"]["KeySummary"][];
                    };
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/keys/{key}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: never;
                readonly header?: never;
                readonly path: {
                    readonly key: string;
                };
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["KeyDetail"];
                    };
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/keys/{key}/log": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: {
                    readonly attempt?: string;
                    readonly follow?: string;
                };
                readonly header?: never;
                readonly path: {
                    readonly key: string;
                };
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/packages": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: {
                    readonly seed?: string;
                };
                readonly header?: never;
                readonly path?: never;
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": readonly components["schemas"]["PackageSummary"][];
                    };
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/packages/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: never;
                readonly header?: never;
                readonly path: {
                    readonly name: string;
                };
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["PackageDetail"];
                    };
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/queue": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: never;
                readonly header?: never;
                readonly path?: never;
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": readonly components["schemas"]["QueueRow"][];
                    };
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/queue/retry": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: {
            readonly parameters: {
                readonly query?: never;
                readonly header?: never;
                readonly path?: never;
                readonly cookie?: never;
            };
            readonly requestBody: {
                readonly content: {
                    readonly "application/json": {
                        readonly keys: readonly string[];
                    };
                };
            };
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": {
                            readonly keys: readonly string[];
                        };
                    };
                };
            };
        };
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/resync": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: {
            readonly parameters: {
                readonly query?: never;
                readonly header?: never;
                readonly path?: never;
                readonly cookie?: never;
            };
            readonly requestBody: {
                readonly content: {
                    readonly "application/json": {
                        readonly keys: readonly string[];
                    };
                };
            };
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": {
                            readonly keys: readonly string[];
                        };
                    };
                };
            };
        };
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/selection": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: {
            readonly parameters: {
                readonly query?: never;
                readonly header?: never;
                readonly path?: never;
                readonly cookie?: never;
            };
            readonly requestBody: {
                readonly content: {
                    readonly "application/json": {
                        readonly catalog?: string;
                        readonly only: readonly string[];
                    };
                };
            };
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": Record<string, never>;
                    };
                };
            };
        };
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/status": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: {
            readonly parameters: {
                readonly query?: {
                    readonly only?: string | readonly string[];
                };
                readonly header?: never;
                readonly path?: never;
                readonly cookie?: never;
            };
            readonly requestBody?: never;
            readonly responses: {
                /** @description Default Response */
                readonly "4XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly "5XX": {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                readonly 200: {
                    headers: {
                        readonly [name: string]: unknown;
                    };
                    content: {
                        readonly "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        readonly ApiError: {
            readonly error: {
                readonly code: string;
                readonly hint: string;
                readonly message: string;
            };
        };
        readonly Attempt: {
            readonly attempt: number;
            readonly error: {
                readonly code: string;
                readonly hint: string;
                readonly message: string;
            } | null;
            readonly finishedAt: number | null;
            /** @description whether it wrote a log */
            readonly hasLog: boolean;
            readonly id: string;
            readonly outcome: string;
            readonly reason: string;
            readonly startedAt: number;
        };
        readonly ImageDetail: {
            readonly attachments: readonly {
                readonly manifest: string;
                readonly predicateType: string;
                readonly subject: string;
            }[];
            readonly digest: string;
            readonly key: string;
            readonly layers: readonly {
                readonly diffId: string;
                readonly digest: string;
                readonly sizeBytes: number;
            }[];
            readonly manifest: string;
            readonly name: string;
            readonly packages: readonly {
                readonly checksum: string;
                readonly installedSizeBytes: number;
                readonly license: string;
                readonly name: string;
                readonly origin: string;
                readonly version: string;
            }[];
            readonly reference: string;
            readonly signed: boolean;
            /** @description compressed: configuration and layers */
            readonly sizeBytes: number;
            readonly tags: readonly string[];
            readonly tested: boolean;
            readonly tests: readonly {
                readonly durationMs: number;
                readonly name: string;
                readonly passed: boolean;
            }[];
            readonly updatedAt: number;
            /** @description the command by which a stranger checks the signature */
            readonly verify: string;
        };
        readonly ImageSummary: {
            readonly digest: string;
            readonly name: string;
            /** @description how many packages are inside */
            readonly packages: number;
            readonly reference: string;
            readonly signed: boolean;
            /** @description compressed: configuration and layers */
            readonly sizeBytes: number;
            readonly tags: readonly string[];
            readonly tested: boolean;
            readonly updatedAt: number;
        };
        readonly KeyDetail: {
            /** @description attempts of the present or last run */
            readonly attempt: number;
            readonly attempts: readonly components["schemas"]["Attempt"][];
            readonly catalog: string;
            readonly dependsOn: readonly string[];
            /** @description of the last attempt, or so far */
            readonly durationMs: number | null;
            readonly error: {
                readonly code: string;
                readonly hint: string;
                readonly message: string;
            } | null;
            /** @description of the whole attempt, from earlier ones or from the catalog */
            readonly estimateMs: number | null;
            readonly key: string;
            /** @enum {string} */
            readonly kind: "seed" | "package" | "index" | "image";
            readonly name: string;
            /** @description why it ran */
            readonly reason: string;
            /** @description what is being done, what is waited for, or why it failed, in a few words */
            readonly stage: string;
            /** @description milliseconds since 1970; null when it never ran */
            readonly startedAt: number | null;
            /** @enum {string} */
            readonly status: "queued" | "waiting" | "working" | "ready" | "failed";
            readonly updatedAt: number;
            readonly waitingFor: readonly string[];
        };
        readonly KeySummary: {
            /** @description attempts of the present or last run */
            readonly attempt: number;
            readonly catalog: string;
            /** @description of the last attempt, or so far */
            readonly durationMs: number | null;
            readonly error: {
                readonly code: string;
                readonly hint: string;
                readonly message: string;
            } | null;
            /** @description of the whole attempt, from earlier ones or from the catalog */
            readonly estimateMs: number | null;
            readonly key: string;
            /** @enum {string} */
            readonly kind: "seed" | "package" | "index" | "image";
            readonly name: string;
            /** @description why it ran */
            readonly reason: string;
            /** @description what is being done, what is waited for, or why it failed, in a few words */
            readonly stage: string;
            /** @description milliseconds since 1970; null when it never ran */
            readonly startedAt: number | null;
            /** @enum {string} */
            readonly status: "queued" | "waiting" | "working" | "ready" | "failed";
            readonly updatedAt: number;
            readonly waitingFor: readonly string[];
        };
        readonly PackageDetail: {
            readonly apk: string;
            readonly arch: string;
            readonly buildTimeSeconds: number;
            readonly checksum: string;
            readonly depends: readonly string[];
            readonly description: string;
            readonly inputs: readonly {
                readonly digest: {
                    readonly [key: string]: string;
                };
                readonly name: string;
                readonly uri: string;
            }[];
            readonly installedSizeBytes: number;
            readonly key: string;
            readonly license: string;
            readonly name: string;
            readonly origin: string;
            readonly provides: readonly string[];
            readonly repository: string;
            readonly sizeBytes: number;
            readonly url: string;
            readonly version: string;
        };
        readonly PackageSummary: {
            readonly apk: string;
            readonly arch: string;
            readonly checksum: string;
            readonly description: string;
            readonly installedSizeBytes: number;
            readonly license: string;
            readonly name: string;
            readonly origin: string;
            readonly repository: string;
            readonly sizeBytes: number;
            readonly version: string;
        };
        readonly Problem: {
            readonly catalog: string;
            readonly code: string;
            readonly hint: string;
            readonly key: string;
            readonly message: string;
        };
        readonly QueueRow: {
            readonly attempts: number;
            readonly error: string;
            readonly key: string;
            readonly notBefore: number | null;
            readonly priority: number;
            readonly reason: string;
            /** @enum {string} */
            readonly state: "queued" | "running" | "dead";
        };
        readonly Stage: {
            readonly failed: number;
            /** @enum {string} */
            readonly name: "seed" | "package" | "index" | "image";
            readonly queued: number;
            readonly ready: number;
            readonly total: number;
            readonly waiting: number;
            readonly working: number;
        };
        readonly Status: {
            /** @description URL */
            readonly console: string;
            readonly converged: boolean;
            readonly failed: readonly {
                readonly code: string;
                readonly hint: string;
                readonly key: string;
                readonly message: string;
            }[];
            readonly home: string;
            /** @description path of the public key of images */
            readonly key: string;
            readonly keys: {
                readonly failed: number;
                readonly queued: number;
                readonly ready: number;
                readonly total: number;
                readonly waiting: number;
                readonly working: number;
            };
            /** @description URL of the apk repository */
            readonly packages: string;
            /** @description what could not be read of the catalogs */
            readonly problems: readonly components["schemas"]["Problem"][];
            readonly queue: {
                readonly dead: number;
                readonly queued: number;
                readonly running: number;
            };
            /** @description host:port */
            readonly registry: string;
            /** @description the line, in order */
            readonly stages: readonly components["schemas"]["Stage"][];
            readonly version: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
