import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ApiFailure, ImageDifference, TagBefore, VersionsOfImage } from '../api/client.ts';
import { useDifference, useTagBefore } from '../api/queries.ts';
import { visible } from '../format.ts';
import { paths } from '../urls.ts';
import { Command } from './copy.tsx';
import { Failure, askAgain, useRefusal } from './page.tsx';
import { Way } from './way.tsx';

/** What changed from one version of an image to another; it is asked for when it is shown. */
export function Difference(versions: VersionsOfImage): ReactNode {
  const { name, from, to } = versions;
  const query = useDifference(versions);
  const error = useRefusal(query);
  if (error?.code === 'IMAGE_NOT_FOUND')
    return <p>It cannot be compared, because a version is no longer kept: {error.message}.</p>;
  if (query.data === undefined) return <Comparing query={query} />;
  return (
    <>
      <Changed difference={query.data} />
      <Command
        title="Compare the files too"
        command={`./kiln image diff ${name}@${from} ${name}@${to}`}
      />
    </>
  );
}

/** As `Difference`, from where the tag was before a change, which is to be found first. */
export function DifferenceFromBefore({
  to,
  ...change
}: TagBefore & { readonly to: string }): ReactNode {
  const query = useTagBefore(change);
  if (query.data === undefined) return <Comparing query={query} />;
  const from = query.data.events.find(({ digest }) => digest !== null)?.digest ?? null;
  if (from === null) return <p>It is the first.</p>;
  return <Difference name={change.name} from={from} to={to} />;
}

function Comparing<T>({ query }: { readonly query: UseQueryResult<T, ApiFailure> }): ReactNode {
  const error = useRefusal(query);
  if (error !== null) return <Failure error={error} again={() => askAgain(query)} />;
  return (
    <p role="status" className="muted">
      Comparing
    </p>
  );
}

function Changed({
  difference: { packages, settings },
}: {
  readonly difference: ImageDifference;
}): ReactNode {
  if (packages.length + settings.length === 0)
    return <p>Nothing differs in packages and settings.</p>;
  return (
    <>
      {packages.length > 0 && (
        <ul className="plain changed" aria-label="Packages that changed">
          {packages.map((one) => (
            <li key={one.name}>
              <p>
                <PackageChange one={one} />
              </p>
              {one.why.length > 1 && <Way steps={one.why} />}
            </li>
          ))}
        </ul>
      )}
      {settings.length > 0 && (
        <ul className="plain changed" aria-label="Settings that changed">
          {settings.map((one) => (
            <li key={one.setting}>
              <SettingChange one={one} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function PackageChange({ one }: { readonly one: ImageDifference['packages'][number] }): ReactNode {
  const link =
    one.change === 'removed' ? (
      <strong>{visible(one.name)}</strong>
    ) : (
      <Link to={paths.package} params={{ name: one.name }}>
        {visible(one.name)}
      </Link>
    );
  const [from, to] = [visible(one.from), visible(one.to)];
  switch (one.change) {
    case 'added':
      return (
        <>
          <Sign text="+" /> {link} <span className="number">{to}</span> is new
        </>
      );
    case 'removed':
      return (
        <>
          <Sign text="−" /> {link} <span className="number">{from}</span> is gone
        </>
      );
    case 'changed':
      return (
        <>
          <Sign text="~" /> {link} <span className="number">{from}</span> is now{' '}
          <span className="number">{to}</span>
        </>
      );
    case 'rebuilt':
      return (
        <>
          <Sign text="~" /> {link} <span className="number">{to}</span> was built again, with other
          content
        </>
      );
  }
}

function SettingChange({
  one: { setting, from, to },
}: {
  readonly one: ImageDifference['settings'][number];
}): ReactNode {
  const name = <code>{visible(setting)}</code>;
  if (from === null)
    return (
      <>
        <Sign text="+" /> {name} is set: <Value text={to ?? ''} />
      </>
    );
  if (to === null)
    return (
      <>
        <Sign text="−" /> {name} is not set any more; it was <Value text={from} />
      </>
    );
  return (
    <>
      <Sign text="~" /> {name} was <Value text={from} /> and is now <Value text={to} />
    </>
  );
}

function Value({ text }: { readonly text: string }): ReactNode {
  return text === '' ? <span className="muted">empty</span> : <code>{visible(text)}</code>;
}

function Sign({ text }: { readonly text: string }): ReactNode {
  return (
    <span className="sign" aria-hidden="true">
      {text}
    </span>
  );
}
