import { decodeYaml, duration, text } from '@kiln/yaml';
import { z } from 'zod';

/** What is known of an image before it is resolved. */
export interface ImageFacts {
  /** Atoms of the image and of its test. */
  readonly packages: readonly string[];
}

/** One thing that a test does: a shell script, or a program with its arguments and no shell. */
export type ImageTestStep =
  | { readonly kind: 'script'; readonly name: string; readonly script: string }
  | { readonly kind: 'program'; readonly name: string; readonly words: readonly string[] };

/** The test of an image: melange's shape, run in the image's own root file system. */
export interface ImageTest {
  /** Packages that are laid over the image for the test only. */
  readonly packages: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly steps: readonly ImageTestStep[];
  /** Of one step. */
  readonly timeoutMs: number;
}

const schema = z.object({
  environment: z
    .object({
      contents: z.object({ packages: z.array(text()).optional() }).optional(),
      environment: z.record(z.string(), text()).optional(),
    })
    .optional(),
  timeout: duration()
    .refine((ms) => ms > 0, 'a step has more time than none: such as "90s"')
    .optional(),
  pipeline: z
    .array(
      z
        .object({
          name: text().optional(),
          runs: text().optional(),
          exec: z.array(text()).min(1).optional(),
        })
        .refine(
          (step) => (step.runs === undefined) !== (step.exec === undefined),
          'a step has either "runs" (a shell script) or "exec" (a program, no shell)',
        ),
    )
    .min(1, 'a test has at least one step'),
});

const defaultTimeoutMs = 120_000;

/** Reads `images/NAME.test.yaml`. Throws `YAML_…` with a position. */
export function parseImageTest(source: string, file: string): ImageTest {
  const test = decodeYaml(source, { file, schema });
  return {
    packages: test.environment?.contents?.packages ?? [],
    variables: test.environment?.environment ?? {},
    timeoutMs: test.timeout ?? defaultTimeoutMs,
    steps: test.pipeline.map((step, at) => {
      const name = step.name ?? `step ${at + 1}`;
      return step.runs === undefined
        ? { kind: 'program', name, words: step.exec ?? [] }
        : { kind: 'script', name, script: step.runs };
    }),
  };
}
