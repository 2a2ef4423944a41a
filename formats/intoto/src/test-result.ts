import { KilnError } from '@kiln/base';
import { z } from 'zod';
import { firstIssue, resourceDescriptorSchema } from './statement.ts';
import type { ResourceDescriptor, Statement } from './statement.ts';

/** What a run of an image's tests came to. */
export interface TestResult {
  readonly result: 'PASSED' | 'WARNED' | 'FAILED';
  /** What was run: the tests' definition by digest. */
  readonly configuration: readonly ResourceDescriptor[];
  /** Where a person reads more. */
  readonly url?: string;
  readonly passedTests: readonly string[];
  readonly warnedTests: readonly string[];
  readonly failedTests: readonly string[];
}

/** The predicate of `https://in-toto.io/attestation/test-result/v0.1`; the result follows from the lists. */
export function testResult(tests: Omit<TestResult, 'result'>): Readonly<Record<string, unknown>> {
  const { configuration, url, passedTests, warnedTests, failedTests } = tests;
  return {
    result: failedTests.length > 0 ? 'FAILED' : warnedTests.length > 0 ? 'WARNED' : 'PASSED',
    configuration,
    ...(url === undefined ? {} : { url }),
    passedTests,
    warnedTests,
    failedTests,
  };
}

const names = z.array(z.string().max(1024)).max(10_000).default([]);

const testResultSchema = z.object({
  result: z.enum(['PASSED', 'WARNED', 'FAILED']),
  configuration: z.array(resourceDescriptorSchema).max(1000),
  url: z.string().exactOptional(),
  passedTests: names,
  warnedTests: names,
  failedTests: names,
});

/** Reads the predicate of a test-result statement. Throws `INTOTO_PREDICATE_INVALID`. */
export function parseTestResult(predicate: Statement['predicate']): TestResult {
  const parsed = testResultSchema.safeParse(predicate);
  if (!parsed.success) {
    throw new KilnError('INTOTO_PREDICATE_INVALID', `test result: ${firstIssue(parsed.error)}`);
  }
  return parsed.data;
}
