// Made from docs/openapi.json by tools/openapi; run "node tools/openapi/src/main.ts" after a change of a route.
export interface paths {
    "/api/compositions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Composes images of the catalog with others laid over them. The body is a line of JSON for each, with "base", "repository", "tags", "overlay" (an image configuration) and "sbomFormats" (["spdx"], or with "cyclonedx" as well); so is the answer, with "digest", or "error". A line with "ended" is the last one: what befell the whole. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            /** @description a line of JSON for each image */
            requestBody: {
                content: {
                    "application/x-ndjson": unknown;
                };
            };
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description a line of JSON for each image, in their order */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-ndjson": string;
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description an event named changed whenever something did */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/gc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["GarbageStatus"];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        dryRun: boolean;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["GarbageStatus"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/gc/why/{digest}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    digest: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WhyKept"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ImageSummary"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/images/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ImageDetail"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/images/{name}/components": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description instead of the tag */
                    digest?: string;
                    tag?: string;
                };
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ImageComponents"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/images/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description What changed from one version to another: packages and settings. Files are not compared, because that takes all layers of both: kiln image diff does. */
        get: {
            parameters: {
                query: {
                    /** @description the digest of an index that a tag of the image points at, or pointed at */
                    from: string;
                    /** @description the digest of an index that a tag of the image points at, or pointed at */
                    to: string;
                };
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ImageDifference"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/images/{name}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    before?: number;
                    limit?: number;
                    tag?: string;
                };
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TagHistory"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/images/{name}/sbom": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The software bill of materials that the factory signed about the image, after its signature was checked. */
        get: {
            parameters: {
                query?: {
                    /** @description the digest of an index that a tag of the image points at, or pointed at */
                    digest?: string;
                    format?: "spdx" | "cyclonedx";
                };
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description the document, as a file to save */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/spdx+json": string;
                        "application/vnd.cyclonedx+json": string;
                    };
                };
                /** @description the document is still the one of the entity tag */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/images/{name}/why": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query: {
                    /** @description the digest of an index that a tag of the image points at, or pointed at */
                    digest?: string;
                    package: string;
                };
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PackageReason"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    only?: string | string[];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["KeySummary"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["KeyDetail"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{key}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    attempt?: string;
                    follow?: string;
                };
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description what the attempt wrote */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    seed?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PackageSummary"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PackageDetail"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{name}/images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    after?: string;
                    /** @description also images that no tag points at any more */
                    all?: "true" | "false";
                    limit?: number;
                    /** @description a version, or a constraint such as <3.5.1-r0; any when absent */
                    version?: string;
                };
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UsedBy"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueueRow"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queue/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        keys: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            keys: string[];
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/repositories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description the last name of the page before */
                    after?: string;
                    limit?: number;
                    /** @description only those that are no image of a catalog */
                    others?: "true" | "false";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RepositoryList"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/resync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        keys: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            keys: string[];
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/selection": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        catalog?: string;
                        only: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    only?: string | string[];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ApiError: {
            error: {
                code: string;
                hint: string;
                message: string;
            };
        };
        Attempt: {
            attempt: number;
            error: {
                code: string;
                hint: string;
                message: string;
            } | null;
            finishedAt: number | null;
            /** @description whether it wrote a log */
            hasLog: boolean;
            id: string;
            outcome: string;
            reason: string;
            startedAt: number;
        };
        GarbageStatus: {
            /** @description the last sweep that was not dry */
            last: components["schemas"]["SweepSummary"] | null;
            /** @description milliseconds since 1970; null: never by itself */
            nextAt: number | null;
            /** @description how the last sweep of this server ended */
            outcome: {
                error: {
                    code: string;
                    hint: string;
                    message: string;
                } | null;
                report: components["schemas"]["SweepSummary"] | null;
            } | null;
            /** @description how long what nothing keeps stays, in milliseconds */
            policy: {
                blobsMs: number;
                everyMs: number | null;
                /** @description null: for ever */
                generationsMs: number | null;
                resultsMs: number;
                untaggedMs: number;
            };
            running: {
                dryRun: boolean;
                startedAt: number;
            } | null;
        };
        ImageComponents: {
            components: {
                name: string;
                type: string;
                version: string;
            }[];
            digest: string;
            repository: string;
        };
        ImageDetail: {
            attachments: {
                manifest: string;
                predicateType: string;
                subject: string;
            }[];
            digest: string;
            key: string;
            layers: {
                diffId: string;
                digest: string;
                sizeBytes: number;
            }[];
            manifest: string;
            name: string;
            packages: {
                checksum: string;
                installedSizeBytes: number;
                license: string;
                name: string;
                origin: string;
                version: string;
            }[];
            reference: string;
            /** @description null while its configuration is missing or damaged */
            settings: components["schemas"]["ImageSettings"] | null;
            signed: boolean;
            /** @description compressed: configuration and layers */
            sizeBytes: number;
            tags: string[];
            tested: boolean;
            tests: {
                durationMs: number;
                name: string;
                passed: boolean;
            }[];
            /** @description when one of its tags changed last, milliseconds since 1970 */
            updatedAt: number;
            /** @description the command by which a stranger checks the signature */
            verify: string;
        };
        ImageDifference: {
            from: {
                digest: string;
                reference: string;
            };
            /** @description in byte order of names */
            packages: {
                /**
                 * @description rebuilt: the same version with other content
                 * @enum {string}
                 */
                change: "added" | "removed" | "changed" | "rebuilt";
                /** @description a version; empty where it is not */
                from: string;
                name: string;
                /** @description a version; empty where it is not */
                to: string;
                /** @description in the image that has it, the second where both have */
                why: components["schemas"]["WhyStep"][];
            }[];
            /** @description in byte order of names */
            settings: {
                /** @description null where it is not set */
                from: string | null;
                /** @description such as entrypoint, or env PATH */
                setting: string;
                /** @description null where it is not set */
                to: string | null;
            }[];
            to: {
                digest: string;
                reference: string;
            };
        };
        ImageSettings: {
            /** @description as images name it, such as amd64 */
            architecture: string;
            command: string[];
            entrypoint: string[];
            /** @description in their order */
            environment: {
                name: string;
                value: string;
            }[];
            /** @description in byte order of names */
            labels: {
                name: string;
                value: string;
            }[];
            os: string;
            stopSignal: string;
            user: string;
            variant: string;
            workingDirectory: string;
        };
        ImageSummary: {
            digest: string;
            name: string;
            /** @description how many packages are inside */
            packages: number;
            reference: string;
            signed: boolean;
            /** @description compressed: configuration and layers */
            sizeBytes: number;
            tags: string[];
            tested: boolean;
            /** @description when one of its tags changed last, milliseconds since 1970 */
            updatedAt: number;
        };
        KeyDetail: {
            /** @description attempts of the present or last run */
            attempt: number;
            attempts: components["schemas"]["Attempt"][];
            catalog: string;
            dependsOn: string[];
            /** @description of the last attempt, or so far */
            durationMs: number | null;
            error: {
                code: string;
                hint: string;
                message: string;
            } | null;
            /** @description of the whole attempt, from earlier ones or from the catalog */
            estimateMs: number | null;
            key: string;
            /** @enum {string} */
            kind: "seed" | "package" | "test" | "index" | "image";
            name: string;
            /** @description why it ran */
            reason: string;
            /** @description what is being done, what is waited for, or why it failed, in a few words */
            stage: string;
            /** @description milliseconds since 1970; null when it never ran */
            startedAt: number | null;
            /** @enum {string} */
            status: "queued" | "waiting" | "working" | "ready" | "failed";
            updatedAt: number;
            waitingFor: string[];
        };
        KeySummary: {
            /** @description attempts of the present or last run */
            attempt: number;
            catalog: string;
            /** @description of the last attempt, or so far */
            durationMs: number | null;
            error: {
                code: string;
                hint: string;
                message: string;
            } | null;
            /** @description of the whole attempt, from earlier ones or from the catalog */
            estimateMs: number | null;
            key: string;
            /** @enum {string} */
            kind: "seed" | "package" | "test" | "index" | "image";
            name: string;
            /** @description why it ran */
            reason: string;
            /** @description what is being done, what is waited for, or why it failed, in a few words */
            stage: string;
            /** @description milliseconds since 1970; null when it never ran */
            startedAt: number | null;
            /** @enum {string} */
            status: "queued" | "waiting" | "working" | "ready" | "failed";
            updatedAt: number;
            waitingFor: string[];
        };
        PackageDetail: {
            apk: string;
            arch: string;
            buildTimeSeconds: number;
            checksum: string;
            depends: string[];
            description: string;
            findings: {
                explain: string;
                items: string[];
                linter: string;
                message: string;
            }[];
            /** @description what was built last and waits for these tests */
            heldBack: {
                tests: string[];
                version: string;
            } | null;
            inputs: {
                digest: {
                    [key: string]: string;
                };
                name: string;
                uri: string;
            }[];
            installedSizeBytes: number;
            key: string;
            license: string;
            name: string;
            origin: string;
            provenance: {
                address: string;
                digest: string;
                verify: string;
            } | null;
            provides: string[];
            /** @description whether an index shows it */
            published: boolean;
            repository: string;
            sizeBytes: number;
            /** @description the tests of its recipe */
            test: {
                error: {
                    code: string;
                    hint: string;
                    message: string;
                } | null;
                key: string;
                passed: {
                    durationMs: number;
                    package: string;
                }[];
                /** @enum {string} */
                status: "queued" | "waiting" | "working" | "ready" | "failed";
            } | null;
            url: string;
            version: string;
        };
        PackageReason: {
            /** @description of the index */
            digest: string;
            package: string;
            reference: string;
            /** @description from a package that was asked for to this one */
            why: components["schemas"]["WhyStep"][];
        };
        PackageSummary: {
            apk: string;
            arch: string;
            checksum: string;
            description: string;
            installedSizeBytes: number;
            license: string;
            name: string;
            origin: string;
            repository: string;
            sizeBytes: number;
            version: string;
        };
        Problem: {
            catalog: string;
            code: string;
            hint: string;
            key: string;
            message: string;
        };
        QueueRow: {
            attempts: number;
            error: string;
            key: string;
            notBefore: number | null;
            priority: number;
            reason: string;
            /** @enum {string} */
            state: "queued" | "running" | "dead";
        };
        Repository: {
            name: string;
            /** @description the newest change of any of its tags; null when it never had one */
            newest: {
                /** @description milliseconds since 1970 */
                at: number;
                /** @description where it points since then; null: deleted */
                digest: string | null;
                tag: string;
            } | null;
            /** @description whether it is an image of a catalog; everything else was pushed or composed */
            ofCatalog: boolean;
            /** @description how many tags it has now */
            tags: number;
        };
        RepositoryList: {
            /** @description what after is for those that follow; null when there are none */
            next: string | null;
            /** @description in byte order of their names */
            repositories: components["schemas"]["Repository"][];
        };
        RetentionSummary: {
            /** @description why the last sweep of this server failed; null when it did not */
            error: {
                code: string;
                hint: string;
                message: string;
            } | null;
            /** @description the last sweep that was not dry */
            last: {
                /** @description how many blobs it removed */
                blobs: number;
                bytes: number;
                finishedAt: number;
            } | null;
            /** @description milliseconds since 1970; null: never by itself */
            nextAt: number | null;
            running: {
                dryRun: boolean;
                startedAt: number;
            } | null;
        };
        Stage: {
            failed: number;
            /** @enum {string} */
            name: "seed" | "package" | "test" | "index" | "image";
            queued: number;
            ready: number;
            total: number;
            waiting: number;
            working: number;
        };
        Status: {
            /** @description URL */
            console: string;
            converged: boolean;
            failed: {
                code: string;
                hint: string;
                key: string;
                message: string;
            }[];
            home: string;
            /** @description path of the public key of images */
            key: string;
            keys: {
                failed: number;
                queued: number;
                ready: number;
                total: number;
                waiting: number;
                working: number;
            };
            /** @description URL of the apk repository */
            packages: string;
            /** @description what could not be read of the catalogs */
            problems: components["schemas"]["Problem"][];
            queue: {
                dead: number;
                queued: number;
                running: number;
            };
            /** @description host:port */
            registry: string;
            retention: components["schemas"]["RetentionSummary"];
            /** @description the line, in order */
            stages: components["schemas"]["Stage"][];
            version: string;
        };
        SweepSummary: {
            dryRun: boolean;
            finishedAt: number;
            /** @description how many blobs stay because a record names them */
            kept: number;
            /** @description how many different digests records name */
            named: number;
            removed: {
                bytes: number;
                count: number;
                kind: string;
            }[];
            startedAt: number;
            /** @description repositories with a manifest that could not be read */
            unread: string[];
        };
        TagHistory: {
            /** @description newest first */
            events: {
                /** @description milliseconds since 1970 */
                at: number;
                /** @description where it points since then; null: deleted */
                digest: string | null;
                tag: string;
            }[];
            /** @description what before is for those that came earlier; null when there are none */
            next: number | null;
            repository: string;
        };
        UsedBy: {
            images: {
                digest: string;
                repository: string;
                /** @description that point at it now */
                tags: string[];
                /** @description of the package */
                versions: string[];
            }[];
            /** @description what after is for the next page; null after the last */
            next: string | null;
            package: string;
        };
        WhyKept: {
            /** @description one line for each way that leads to it */
            because: string[];
            collectable: boolean;
            digest: string;
            /** @description null: there are no such bytes */
            sizeBytes: number | null;
        };
        WhyStep: {
            /**
             * @description asked: it was asked for; needed: the step before depends on it; added: it comes along by install_if; of a first step: unneeded: nothing in the image needs it; unrecorded: nor is it recorded what was asked for; cycle: it and others need each other
             * @enum {string}
             */
            kind: "asked" | "needed" | "added" | "unneeded" | "unrecorded" | "cycle";
            /** @description the entry of the world, the dependency or the install_if that it meets; or empty */
            meets: string;
            /** @description who else needs a first step */
            neededBy: string[];
            package: string;
            version: string;
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
