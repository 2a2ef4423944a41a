import type { ErrorFacts } from './schemas.ts';

/** What is told of one image that was to be composed: where it is, or why there is none. */
export type CompositionAnswer =
  | {
      readonly repository: string;
      /** Of the manifest. */
      readonly digest: string;
      readonly tags: readonly string[];
    }
  | {
      readonly error: ErrorFacts;
      /** The error ended the answer: what was asked after the answers before it has none. */
      readonly ended?: true;
    };
