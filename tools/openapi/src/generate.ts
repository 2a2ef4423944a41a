import { openapiDocument } from '@kiln/server/document';
import openapiTS, { astToString } from 'openapi-typescript';

/** The files that are made from the server's routes, by their path in the repository. */
export interface Generated {
  readonly 'docs/openapi.json': string;
  readonly 'apps/console/src/api/schema.d.ts': string;
}

/** Makes the OpenAPI document and the console's types. The same routes give the same bytes. */
export async function generate(): Promise<Generated> {
  const document = `${JSON.stringify(await openapiDocument(), undefined, 2)}\n`;
  const types = astToString(await openapiTS(document, { alphabetize: true }));
  return {
    'docs/openapi.json': document,
    'apps/console/src/api/schema.d.ts': `// Made from docs/openapi.json by tools/openapi; run "node tools/openapi/src/main.ts" after a change of a route.\n${types}`,
  };
}
