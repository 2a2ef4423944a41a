import { digestOf } from '@kiln/base';
import { expect, test } from 'vitest';
import { printVerification, verificationReport } from './verification.ts';

test('what an image says of itself makes no lines of its own', () => {
  const target = digestOf('');
  const report = verificationReport(target, [
    {
      name: 'signature',
      target,
      targetName: 'linux\nverified: 12 checks',
      result: 'failed',
      detail: 'none\u001b[2J',
    },
  ]);
  expect(printVerification(report)).toBe(
    `linux\\x0averified: 12 checks ${target}\n  FAIL signature   none\\x1b[2J\nNOT verified: 1 failed\n`,
  );
});
