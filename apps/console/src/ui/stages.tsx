import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Stage } from '../api/client.ts';
import { keyStatuses, paths } from '../urls.ts';
import { StateIcon } from './icons.tsx';
import { stageMeanings, stageTitles, stateWords } from './state.tsx';

/** The order of the bar: what is done first, what is to come last. */
const barOrder = ['ready', 'working', 'failed', 'queued', 'waiting'] as const;

/** The line from the seed to the images, with how far each stage is. */
export function Stages({ stages }: { readonly stages: readonly Stage[] }): ReactNode {
  return (
    <section aria-labelledby="stages-heading">
      <h2 id="stages-heading" className="visually-hidden">
        Stages
      </h2>
      <ol className="stages">
        {stages.map((stage) => (
          <li key={stage.name}>
            <StageCard stage={stage} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function StageCard({ stage }: { readonly stage: Stage }): ReactNode {
  const present = keyStatuses.filter((state) => stage[state] > 0);
  return (
    <Link
      to={paths.line}
      search={(before) => ({
        q: before.q,
        state: undefined,
        stage: before.stage === stage.name ? undefined : stage.name,
      })}
      resetScroll={false}
      className="card stage"
      activeProps={{}}
    >
      <span className="stage-title">{stageTitles[stage.name]}</span>
      <span className="stage-meaning">{stageMeanings[stage.name]}</span>
      <span className="stage-count">
        <span className="big number">{stage.ready}</span>
        <span className="muted">
          {' '}
          of <span className="number">{stage.total}</span> ready
        </span>
      </span>
      <span className="segments" aria-hidden="true">
        {barOrder.map(
          (state) =>
            stage[state] > 0 && (
              <span
                key={state}
                className={`segment fill-${state}`}
                style={{ flexGrow: stage[state] }}
              />
            ),
        )}
      </span>
      <span className="stage-states">
        {present.length === 0 && <span className="muted">nothing asked for</span>}
        {present.map((state) => (
          <span key={state}>
            <StateIcon state={state} /> <span className="number">{stage[state]}</span>{' '}
            {stateWords[state].toLowerCase()}{' '}
          </span>
        ))}
      </span>
    </Link>
  );
}
