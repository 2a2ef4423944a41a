import { KilnError, counted, oneLine } from '@kiln/base';
import type { Digest } from '@kiln/base';

/** The name of a check, as `kiln verify` prints it. */
export type CheckName =
  | 'manifest'
  | 'platforms'
  | 'content'
  | 'signature'
  | 'sbom'
  | 'provenance'
  | 'test result';

export interface VerificationCheck {
  readonly name: CheckName;
  /** The manifest or index that was checked. */
  readonly target: Digest;
  /** `index`, or the platform as `linux/amd64`. */
  readonly targetName: string;
  /** `skipped`: an earlier check failed, so that there was nothing to compare, or nobody asked for it. */
  readonly result: 'passed' | 'failed' | 'skipped';
  /** What was compared with what, in one line. */
  readonly detail: string;
}

/** Every check that was made, in order. */
export interface VerificationReport {
  readonly digest: Digest;
  /** True when at least one check was made and none failed. */
  readonly verified: boolean;
  readonly checks: readonly VerificationCheck[];
}

export function verificationReport(
  digest: Digest,
  checks: readonly VerificationCheck[],
): VerificationReport {
  const verified = checks.length > 0 && checks.every(({ result }) => result !== 'failed');
  return { digest, verified, checks };
}

/** Throws `VERIFY_FAILED`, naming the checks that failed, unless all is well. */
export function assertVerified(report: VerificationReport): void {
  if (report.verified) return;
  const failed = report.checks.filter(({ result }) => result === 'failed');
  const names = failed.map((check) => `${check.name} of ${check.targetName}: ${check.detail}`);
  throw new KilnError(
    'VERIFY_FAILED',
    `${report.digest} is not verified: ${names[0] ?? 'nothing was checked'}`,
    {
      hint: 'do not run this image; kiln verify shows every check',
      details: { failed: names },
    },
  );
}

const marks = { passed: 'ok  ', failed: 'FAIL', skipped: '-   ' } as const;

/** The report as text, one line a check, grouped by target. */
export function printVerification(report: VerificationReport): string {
  const lines: string[] = [];
  let target: Digest | undefined;
  for (const check of report.checks) {
    if (check.target !== target) lines.push(`${check.targetName} ${check.target}`);
    target = check.target;
    lines.push(`  ${marks[check.result]} ${check.name.padEnd(11)} ${check.detail}`);
  }
  const failed = report.checks.filter(({ result }) => result === 'failed').length;
  lines.push(
    report.verified
      ? `verified: ${counted(report.checks.length, 'check')}`
      : `NOT verified: ${failed} failed`,
  );
  return lines.map((line) => `${oneLine(line)}\n`).join('');
}
