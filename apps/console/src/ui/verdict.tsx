import type { ReactNode } from 'react';
import { StateIcon } from './icons.tsx';

export interface VerdictProps {
  readonly good: boolean;
  readonly yes: string;
  readonly no: string;
}

/** Yes or no, in a word and a shape. */
export function Verdict({ good, yes, no }: VerdictProps): ReactNode {
  return (
    <span className="badge">
      <StateIcon state={good ? 'ready' : 'failed'} />
      <span className={good ? 'ink-ready' : 'ink-failed'}>{good ? yes : no}</span>
    </span>
  );
}
