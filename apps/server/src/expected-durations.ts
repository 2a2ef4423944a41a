import fs from 'node:fs';
import { decodeYaml, duration } from '@kiln/yaml';
import { z } from 'zod';

/** `durations.yaml` of a catalog: how long keys took on the machine of who wrote it. Nothing where there is none. */
export async function readExpectedDurations(file: string): Promise<ReadonlyMap<string, number>> {
  const text = await fs.promises.readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return new Map();
  return new Map(
    Object.entries(decodeYaml(text, { file, schema: z.record(z.string(), duration()) })),
  );
}
