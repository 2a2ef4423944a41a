import fs from 'node:fs';

/** How tests ended; skipped ones count as neither. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

/**
 * What a step counts: the tests of a vitest report, or one for a step without. A step that failed without a failed test
 * (a file that does not load, an error outside of tests, a crash) has one failure.
 */
export function countTests(report: string | undefined, stepPassed: boolean): TestCounts {
  const counts = report === undefined ? undefined : readReport(report);
  if (counts === undefined) return { passed: stepPassed ? 1 : 0, failed: stepPassed ? 0 : 1 };
  return stepPassed ? counts : { ...counts, failed: Math.max(1, counts.failed) };
}

function readReport(file: string): TestCounts | undefined {
  try {
    const report = JSON.parse(fs.readFileSync(file, 'utf8')) as VitestReport;
    return { passed: report.numPassedTests, failed: report.numFailedTests };
  } catch {
    // vitest ended before it wrote one.
    return undefined;
  }
}
