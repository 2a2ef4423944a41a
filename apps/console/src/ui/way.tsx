import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { WhyStep } from '../api/client.ts';
import { listNames, visible } from '../format.ts';
import { paths } from '../urls.ts';

/** Why a package is in an image: the steps from one that was asked for. */
export function Way({ steps }: { readonly steps: readonly WhyStep[] }): ReactNode {
  return (
    <ol className="way">
      {steps.map((step, at) => (
        <li key={`${at} ${step.package}`}>
          {at === 0 ? <FirstStep step={step} /> : <NextStep step={step} />}
        </li>
      ))}
    </ol>
  );
}

function PackageVersion({ step }: { readonly step: WhyStep }): ReactNode {
  return (
    <>
      <Link to={paths.package} params={{ name: step.package }}>
        {visible(step.package)}
      </Link>{' '}
      <span className="muted number">{visible(step.version)}</span>
    </>
  );
}

function FirstStep({ step }: { readonly step: WhyStep }): ReactNode {
  return (
    <>
      <PackageVersion step={step} /> {firstWords(step)}
    </>
  );
}

function firstWords({ kind, package: name, meets, neededBy }: WhyStep): ReactNode {
  const others = listNames(neededBy.map(visible));
  switch (kind) {
    case 'asked':
      return (
        <>
          was asked for
          {meets !== name && (
            <>
              {' '}
              as <code>{visible(meets)}</code>
            </>
          )}
          {others !== '' && <span className="muted">; also needed by {others}</span>}
        </>
      );
    case 'cycle':
      return `and ${others} need each other, and nothing else needs them`;
    case 'unrecorded':
      return 'is needed by nothing else here; what was asked for is not recorded';
    case 'unneeded':
    case 'needed':
    case 'added':
      return 'was not asked for, and nothing else here needs it';
  }
}

function NextStep({ step }: { readonly step: WhyStep }): ReactNode {
  return (
    <>
      {step.kind === 'added' ? 'brings along, by install_if' : 'needs'}{' '}
      <code>{visible(step.meets)}</code>: <PackageVersion step={step} />
    </>
  );
}
