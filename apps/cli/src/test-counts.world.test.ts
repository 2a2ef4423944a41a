import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { countTests } from './test-counts.ts';

test('the tests of a report are counted, other steps as one', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-counts-'));
  try {
    const report = path.join(folder, 'report.json');
    expect(countTests(report, false)).toEqual({ passed: 0, failed: 1 });
    fs.writeFileSync(report, '{"numPassedTests":7,"numFailedTests":2,"numPendingTests":1}');
    expect(countTests(report, false)).toEqual({ passed: 7, failed: 2 });
    fs.writeFileSync(report, '{"numPassedTests":7,"numFailedTests":0}');
    expect(countTests(report, true)).toEqual({ passed: 7, failed: 0 });
    expect(countTests(report, false)).toEqual({ passed: 7, failed: 1 });
    expect(countTests(undefined, true)).toEqual({ passed: 1, failed: 0 });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
