import type { ReactNode } from 'react';
import type { KeyStatus } from '../api/client.ts';

const shapes: Readonly<Record<KeyStatus, ReactNode>> = {
  ready: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path
        d="m4.8 8.2 2.300 2.300 4.200-4.700"
        fill="none"
        stroke="var(--surface)"
        strokeWidth="1.800"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </>
  ),
  working: (
    <>
      <circle
        cx="8"
        cy="8"
        r="6"
        fill="none"
        stroke="currentColor"
        strokeOpacity=".3"
        strokeWidth="2.200"
      />
      <path
        className="turning"
        d="M8 2a6 6 0 0 1 6 6"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.200"
        strokeLinecap="round"
      />
    </>
  ),
  queued: (
    <circle
      cx="8"
      cy="8"
      r="6"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.600"
      strokeDasharray="2.400 2.310"
    />
  ),
  waiting: (
    <>
      <circle cx="8" cy="8" r="6.200" fill="none" stroke="currentColor" strokeWidth="1.600" />
      <path
        d="M6.300 5.500v5M9.700 5.500v5"
        stroke="currentColor"
        strokeWidth="1.800"
        strokeLinecap="round"
      />
    </>
  ),
  failed: (
    <>
      <path d="M5.100 1h5.800L15 5.100v5.800L10.900 15H5.100L1 10.900V5.100Z" fill="currentColor" />
      <path
        d="m5.500 5.500 5 5m0-5-5 5"
        stroke="var(--surface)"
        strokeWidth="1.800"
        strokeLinecap="round"
      />
    </>
  ),
};

/** A shape for each state, so that none depends on its colour. */
export function StateIcon({ state }: { readonly state: KeyStatus }): ReactNode {
  return (
    <svg
      className={`icon ink-${state}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
    >
      {shapes[state]}
    </svg>
  );
}

export function KilnMark(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <path className="mark" d="M4 30V15a12 12 0 0 1 24 0v15H4Z" />
      <path fill="var(--surface)" d="M10 30v-9a6 6 0 0 1 12 0v9H10Z" />
      <path
        className="flame"
        d="M16 19c3 3.200 4 5 4 7a4 4 0 0 1-8 0c0-1.400.7-2.500 1.600-3.500.3 1 .9 1.500 1.400 1.500.2-1.700 0-3.200 1-5Z"
      />
    </svg>
  );
}
