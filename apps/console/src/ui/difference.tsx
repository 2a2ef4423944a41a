import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ImageDifference, VersionsOfImage } from '../api/client.ts';
import { useDifference } from '../api/queries.ts';
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
  if (query.data !== undefined)
    return (
      <>
        <Changed difference={query.data} />
        <Command
          title="Compare the files too"
          command={`./kiln image diff ${name}@${from} ${name}@${to}`}
        />
      </>
    );
  if (error?.code === 'IMAGE_NOT_FOUND')
    return <p>It cannot be compared, because a version is no longer kept: {error.message}.</p>;
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
