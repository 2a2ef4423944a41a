import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { KeyKind, KeyStatus, KeySummary } from '../api/client.ts';
import { formatDuration, formatEstimate } from '../format.ts';
import { paths } from '../urls.ts';
import { StateIcon } from './icons.tsx';

export const stateWords: Readonly<Record<KeyStatus, string>> = {
  ready: 'Ready',
  working: 'Working',
  queued: 'Queued',
  waiting: 'Waiting',
  failed: 'Failed',
};

export const stateMeanings: Readonly<Record<KeyStatus, string>> = {
  ready: 'What is there equals what the catalog asks for',
  working: 'A step is under way',
  queued: 'Will be looked at as soon as a worker is free',
  waiting: 'Other keys have to become ready first',
  failed: 'Parked: the same input would fail again',
};

export const stageTitles: Readonly<Record<KeyKind, string>> = {
  seed: 'Seed',
  package: 'Packages',
  test: 'Tests',
  index: 'Indexes',
  image: 'Images',
};

export const stageMeanings: Readonly<Record<KeyKind, string>> = {
  seed: 'Build environments',
  package: 'Built from source',
  test: 'Packages in fresh guests',
  index: 'Signed apk repositories',
  image: 'Assembled, tested, signed',
};

export function StateBadge({ state }: { readonly state: KeyStatus }): ReactNode {
  return (
    <span className="badge" title={stateMeanings[state]}>
      <StateIcon state={state} />
      <span className={`ink-${state}`}>{stateWords[state]}</span>
    </span>
  );
}

export function KeyLink({ name }: { readonly name: string }): ReactNode {
  return (
    <Link to={paths.key} params={{ key: name }} className="mono">
      {name}
    </Link>
  );
}

export interface TimedKey {
  readonly summary: Pick<KeySummary, 'key' | 'status' | 'durationMs' | 'estimateMs'>;
  /** When the summary was received, on the browser's clock. */
  readonly receivedAt: number;
  readonly now: number;
}

/** How long the last attempt took; while one is under way it goes on counting, against the estimate where there is one. */
export function Duration({ summary, receivedAt, now }: TimedKey): ReactNode {
  const { status, durationMs, estimateMs } = summary;
  if (durationMs === null) return <span className="muted">–</span>;
  if (status !== 'working') return <span className="number">{formatDuration(durationMs)}</span>;
  const soFar = durationMs + Math.max(0, now - receivedAt);
  return (
    <div className="duration">
      <span className="number">{formatDuration(soFar)}</span>
      {estimateMs !== null && <span className="muted"> of about {formatEstimate(estimateMs)}</span>}
      {estimateMs !== null && (
        <Progress label={`Progress of ${summary.key}`} value={soFar} max={estimateMs} />
      )}
    </div>
  );
}

function Progress({
  label,
  value,
  max,
}: {
  readonly label: string;
  readonly value: number;
  readonly max: number;
}): ReactNode {
  // An estimate is no promise: the bar is full only when the work is done.
  const percent = Math.min(98, Math.round((value / max) * 100));
  return (
    <div
      className="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={value > max ? 'longer than expected' : `${percent} percent of the estimate`}
    >
      <div className={value > max ? 'bar late' : 'bar'} style={{ inlineSize: `${percent}%` }} />
    </div>
  );
}
